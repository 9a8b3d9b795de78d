//! What adapters call, as their source says.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, identifiers};
use crate::workspace::{files, text};

const SERVICES: [&str; 2] = [
    "shared/core/src/services.rs",
    "shared/core/src/services/base.rs",
];

/// Where the adapters are.
const ADAPTERS: [&str; 2] = ["shared/core/src/aws", "shared/core/src/store"];

/// Fields that reach nothing of AWS.
const NO_ADAPTERS: [&str; 5] = ["Clock", "Compared", "Config", "Metrics", "Sessions"];

/// It reads again what another adapter failed to read, whatever that was.
const READS_AGAIN: &str = "shared/core/src/store/unreadable.rs";

/// The prefixes of the state bucket.
const OF_STATE: [&str; 7] = [
    "accepted",
    "compliance",
    "emitted",
    "reports",
    "roles",
    "rotations",
    "state",
];

/// The fields of the configuration that name buckets.
const BUCKETS: [&str; 3] = ["evidence_bucket", "manifest_bucket", "state_bucket"];

/// The kinds of secrets that an adapter reads the values of: the code has them as values only.
const READS_VALUES: [(&str, &[&str]); 2] = [
    ("ClientSecrets", &["client"]),
    ("CredentialSecrets", &["credential", "fingerprint"]),
];

/// An item of a file, such as a function or an `impl`.
struct Item {
    file: String,
    text: String,
    words: Words,
    /// Without blanks.
    code: String,
}

/// What a piece of code may name: identifiers, and string literals.
struct Words {
    names: BTreeSet<String>,
    literals: Vec<String>,
}

/// The source of the services and their adapters.
pub struct Core {
    items: Vec<Item>,
}

impl Core {
    pub fn read() -> Self {
        let adapters = ADAPTERS.into_iter().flat_map(|folder| files(folder, ".rs"));
        let all = adapters.chain(SERVICES.map(str::to_owned));
        let all = all.chain(["shared/core/src/store.rs".to_owned()]);
        let items = all.filter(|file| file != READS_AGAIN).flat_map(|file| {
            let product = text(&file);
            let product = product.split("\n#[cfg(test)]\nmod tests {").next();
            items(product.unwrap_or_default())
                .into_iter()
                .map(move |text| Item {
                    file: file.clone(),
                    words: Words::of(&text),
                    code: dense(&text),
                    text,
                })
                .collect::<Vec<_>>()
        });
        Self {
            items: items.collect(),
        }
    }

    /// The actions that the adapters in a struct of services need, in the words of [`super::policy`].
    pub fn uses(&self, services: &str) -> BTreeSet<String> {
        let fields = fields(&self.of_type(services).text);
        assert!(!fields.is_empty(), "{services}");
        let mut uses = BTreeSet::new();
        for (_, kind) in fields {
            if NO_ADAPTERS.contains(&kind.as_str()) {
                continue;
            }
            let is_services = SERVICES.contains(&self.of_type(&kind).file.as_str());
            let of_field = match is_services {
                true => self.uses(&kind),
                false => self.of_adapter(&kind),
            };
            assert!(!of_field.is_empty(), "{services}: {kind} reaches nothing");
            uses.extend(of_field);
        }
        uses
    }

    fn of_type(&self, name: &str) -> &Item {
        let is_it = |item: &&Item| {
            let mut words = item.text.split_whitespace();
            words.any(|word| word == "struct") && words.next() == Some(name)
        };
        let mut found = self.items.iter().filter(is_it);
        found.next().unwrap_or_else(|| panic!("no struct {name}"))
    }

    fn of_adapter(&self, name: &str) -> BTreeSet<String> {
        let heading = format!("impl {name} {{");
        let impls = self.items.iter();
        let impls = impls.filter(|item| item.text.starts_with(&heading));
        let clients = self.clients(name);
        let mut uses = BTreeSet::new();
        for item in impls {
            uses.extend(self.calls(name, &clients, item));
            for method in methods(&item.text) {
                uses.extend(self.objects(method, &item.file));
            }
        }
        uses
    }

    /// The clients of the SDK that an adapter has: the fields, and the prefixes of their actions.
    fn clients(&self, adapter: &str) -> Vec<(String, String)> {
        let item = self.of_type(adapter);
        let fields = fields(&item.text).into_iter();
        let clients = fields.filter(|(_, kind)| kind.ends_with("Client"));
        clients
            .map(|(field, kind)| match kind.strip_suffix("::Client") {
                Some(sdk) => (field, service(sdk)),
                None => (field, self.service_of(&item.file)),
            })
            .collect()
    }

    /// The service whose client a file imports.
    fn service_of(&self, file: &str) -> String {
        let items = self.items.iter().filter(|item| item.file == file);
        let mut sdks = items.filter_map(|item| {
            let path = item.text.strip_prefix("use ")?;
            path.strip_suffix("::Client;")
        });
        service(sdks.next().unwrap_or_else(|| panic!("{file}")))
    }

    /// The calls of the SDK in an `impl`, and in the functions that get its client.
    fn calls(&self, adapter: &str, clients: &[(String, String)], item: &Item) -> BTreeSet<String> {
        let code = &item.code;
        let mut calls = BTreeSet::new();
        for (field, service) in clients {
            calls.extend(builders(code, &format!("self.{field}."), service));
            for helper in &self.items {
                let Some(name) = function_name(&helper.text) else {
                    continue;
                };
                if code.contains(&format!("{name}(&self.{field},")) {
                    calls.extend(builders(&helper.code, "client.", service));
                }
            }
        }
        if calls.contains("secretsmanager:PutSecretValue") {
            calls.insert("kms:GenerateDataKey client".to_owned());
        }
        if calls.remove("secretsmanager:GetSecretValue") {
            let mut kinds = READS_VALUES.iter().filter(|(name, _)| *name == adapter);
            let (_, kinds) = kinds.next().unwrap_or_else(|| panic!("{adapter}"));
            for kind in *kinds {
                calls.insert(format!("secretsmanager:GetSecretValue {kind}"));
                // That one has AWS's own key, which asks for no permission.
                if *kind != "fingerprint" {
                    calls.insert(format!("kms:Decrypt {kind}"));
                }
            }
        }
        // A queue is reached by the adapter that has its name.
        if calls.remove("sqs:SendMessage") {
            calls.insert(format!("sqs:SendMessage {adapter}"));
        }
        // Whether bindings wait is seen in the queue that they wait in.
        if calls.remove("sqs:GetQueueAttributes") {
            assert_eq!(adapter, "WaitingBindings");
            calls.insert("sqs:GetQueueAttributes RebindQueue".to_owned());
        }
        calls
    }

    /// What a method does with objects of the buckets.
    fn objects(&self, method: &str, file: &str) -> BTreeSet<String> {
        let code = dense(method);
        let mut uses = BTreeSet::new();
        for (at, _) in code.match_indices("self.objects.") {
            let rest = &code[at + "self.objects.".len()..];
            let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
            let (reads, lists, writes) = match name.as_str() {
                "config" | "now" | "clone" => continue,
                "get" | "exists" | "read_json" => (true, true, false),
                "list" | "listing" => (false, true, false),
                "put" | "put_file" => (false, false, true),
                // After a conflict it reads what is there.
                "write_json" => (true, true, true),
                other => panic!("{file}: what does `objects.{other}` need?"),
            };
            let (bucket, prefix) = match name.ends_with("_json") {
                true => ("StateBucket", self.prefix(method, file)),
                false => match bucket(&code, at, rest) {
                    "manifest" => ("ManifestBucket", "manifests".to_owned()),
                    "evidence" => ("EvidenceBucket", "evidence".to_owned()),
                    "state" => ("StateBucket", self.prefix(method, file)),
                    other => panic!("{file}: which bucket is {other:?}, in {method}"),
                },
            };
            // Without ListBucket S3 answers AccessDenied for an object that does not exist.
            for (needs, action, on) in [
                (reads, "GetObject", prefix.as_str()),
                (lists, "ListBucket", bucket),
                (writes, "PutObject", prefix.as_str()),
            ] {
                if needs {
                    uses.insert(format!("s3:{action} {on}"));
                }
            }
        }
        uses
    }

    /// The prefix of the objects of the state bucket that a method names; of one that names none, its
    /// file's.
    fn prefix(&self, method: &str, file: &str) -> String {
        let mut prefixes = self.prefixes(&Words::of(method), file, &mut BTreeSet::new());
        if prefixes.is_empty() {
            let items = self.items.iter().filter(|item| item.file == file);
            let of_items = items.map(|item| self.prefixes(&item.words, file, &mut BTreeSet::new()));
            prefixes = of_items.flatten().collect();
        }
        let mut prefixes = prefixes.into_iter();
        match (prefixes.next(), prefixes.next()) {
            (Some(prefix), None) => prefix,
            other => panic!("{file}: one prefix, not {other:?}, in {method}"),
        }
    }

    fn prefixes(&self, words: &Words, file: &str, seen: &mut BTreeSet<String>) -> BTreeSet<String> {
        let firsts = words.literals.iter().filter_map(|one| one.split_once('/'));
        let firsts = firsts.map(|(first, _)| first.to_owned());
        let mut found: BTreeSet<String> = firsts
            .filter(|first| OF_STATE.contains(&first.as_str()))
            .collect();
        for item in &self.items {
            let Some(name) = function_name(&item.text).or_else(|| constant_name(&item.text)) else {
                continue;
            };
            let is_near = item.file == file || self.imports(file, name);
            if words.names.contains(name) && is_near && seen.insert(name.to_owned()) {
                found.extend(self.prefixes(&item.words, &item.file, seen));
            }
        }
        found
    }

    fn imports(&self, file: &str, name: &str) -> bool {
        let items = self.items.iter().filter(|item| item.file == file);
        let mut imports = items.filter(|item| item.text.starts_with("use super::"));
        imports.any(|item| item.words.names.contains(name))
    }
}

impl Words {
    fn of(text: &str) -> Self {
        let mut names = identifiers(text);
        let literals = Source::of(text).strings.into_iter();
        let literals: Vec<String> = literals.map(|(_, literal)| literal).collect();
        for literal in &literals {
            let interpolated = literal.split('{').skip(1);
            let interpolated = interpolated.filter_map(|rest| rest.split(['}', ':']).next());
            names.extend(interpolated.map(str::to_owned));
        }
        Self { names, literals }
    }
}

/// The bucket that a call names: in its arguments, or just before.
fn bucket<'c>(code: &'c str, at: usize, rest: &'c str) -> &'c str {
    let arguments = rest.split_once('(').map_or("", |(_, arguments)| arguments);
    let here = "&self.objects.config.";
    let named = match arguments.strip_prefix(here) {
        Some(bucket) => bucket,
        None => {
            let mut before = code[..at].rsplit(here);
            let is_bucket = |text: &&str| BUCKETS.iter().any(|one| text.starts_with(one));
            before.find(is_bucket).unwrap_or_default()
        }
    };
    named.split("_bucket").next().unwrap_or_default()
}

/// The items of a file, each from its first line to its last.
fn items(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let is_inside = line.is_empty() || line.starts_with([' ', '}', ')']);
        if open {
            if let Some(item) = items.last_mut() {
                item.push('\n');
                item.push_str(line);
            }
        } else if !is_inside && !line.starts_with("//") && !line.starts_with('#') {
            items.push(line.to_owned());
            open = true;
        }
        let is_statement = items.last().is_some_and(|item| !item.contains('{'));
        let ends = line.starts_with('}') || (is_statement && line.ends_with(';'));
        let is_one_line =
            items.last().is_some_and(|item| item == line) && line.ends_with([';', '}']);
        if ends || is_one_line {
            open = false;
        }
    }
    items
}

/// The methods of an `impl`.
fn methods(item: &str) -> Vec<&str> {
    item.split("\n    }\n").collect()
}

/// The fields of a struct, with their types.
fn fields(item: &str) -> BTreeMap<String, String> {
    let code = Source::of(item).code;
    let lines = code.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("    ")?.split_once(": ")?;
        let name = name.rsplit(' ').next()?;
        let kind = kind.trim().trim_end_matches(',');
        let kind = kind.strip_prefix("aws::").unwrap_or(kind);
        Some((name.to_owned(), kind.to_owned()))
    });
    lines.collect()
}

/// The name of a function of its own.
fn function_name(item: &str) -> Option<&str> {
    let (before, rest) = item.split_once("fn ")?;
    let is_head = before.split_whitespace().all(|word| {
        word.starts_with("pub") || ["async", "const"].contains(&word) || word.ends_with(')')
    });
    is_head.then(|| rest.split(['(', '<']).next()).flatten()
}

fn constant_name(item: &str) -> Option<&str> {
    let (before, rest) = item.split_once("const ")?;
    let is_head = before.is_empty() || before.starts_with("pub");
    is_head.then(|| rest.split(':').next()).flatten()
}

/// The code without blanks, comments and the contents of literals.
fn dense(text: &str) -> String {
    let code = Source::of(text).code;
    code.split_whitespace().collect()
}

/// The actions that calls like `self.client.get_role()` need.
fn builders(code: &str, client: &str, service: &str) -> BTreeSet<String> {
    let calls = code.match_indices(client).filter_map(|(at, _)| {
        let rest = &code[at + client.len()..];
        let (name, _) = rest.split_once("()")?;
        let is_call = name != "clone" && name.chars().all(is_word);
        is_call.then(|| format!("{service}:{}", pascal(name)))
    });
    calls.collect()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn pascal(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect()
}

/// The prefix of a service's actions, by the crate of its SDK.
fn service(sdk: &str) -> String {
    let name = sdk.strip_prefix("aws_sdk_").unwrap();
    match name {
        "eventbridge" => "events",
        other => other,
    }
    .to_owned()
}

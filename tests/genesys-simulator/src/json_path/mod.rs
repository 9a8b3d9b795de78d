//! JSONPath as translation maps use it, in the dialect of the Java library Jayway JsonPath (its README): names
//! and indexes, wildcards, lists, slices, deep scans (`$..name`), filters (`[?(@.type == 'x')]`), and functions at
//! the end of a definite path (`.length()`). Not supported: functions elsewhere, those that take paths or add
//! something (`concat`, `append`), and regular expressions.

mod filter;
mod function;
mod parse;

use serde_json::Value;

use crate::json_path::filter::Filter;
use crate::json_path::function::Function;

/// A path, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonPath {
    steps: Vec<Step>,
    /// Of definite paths alone.
    function: Option<Function>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Name(String),
    Index(i64),
    /// Several names or indexes.
    Names(Vec<String>),
    Indexes(Vec<i64>),
    Slice(Option<i64>, Option<i64>),
    Wildcard,
    Filter(Filter),
    /// The value itself and everything in it.
    Deep,
}

impl JsonPath {
    /// Reads a path that begins with `$`; none where it is not understood.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let path = text.trim().strip_prefix('$')?;
        let (path, function) = match Function::split(path) {
            Some((path, function)) => (path, Some(function)),
            None => (path, None),
        };
        let steps = parse::whole(path)?;
        let is_definite = steps.iter().all(Step::is_definite);
        (is_definite || function.is_none()).then_some(Self { steps, function })
    }

    fn of(steps: Vec<Step>) -> Self {
        Self {
            steps,
            function: None,
        }
    }

    /// What the path leads to in a document. A definite path leads to one value or none; an indefinite one
    /// leads to a list, which may be empty.
    pub(crate) fn find(&self, document: &Value) -> Option<Value> {
        let found = self.all(document, document);
        if self.steps.iter().all(Step::is_definite) {
            let value = *found.first()?;
            return match self.function {
                Some(function) => function.applied(value),
                None => Some(value.clone()),
            };
        }
        Some(found.into_iter().cloned().collect())
    }

    /// All values, from `start`; paths in filters may begin at `root`.
    fn all<'v>(&self, start: &'v Value, root: &'v Value) -> Vec<&'v Value> {
        self.steps.iter().fold(vec![start], |values, step| {
            values
                .into_iter()
                .flat_map(|value| step.taken(value, root))
                .collect()
        })
    }
}

impl Step {
    fn is_definite(&self) -> bool {
        match self {
            Self::Name(_) | Self::Index(_) => true,
            Self::Names(_)
            | Self::Indexes(_)
            | Self::Slice(..)
            | Self::Wildcard
            | Self::Filter(_)
            | Self::Deep => false,
        }
    }

    fn taken<'v>(&self, value: &'v Value, root: &'v Value) -> Vec<&'v Value> {
        match self {
            Self::Name(name) => value.get(name).into_iter().collect(),
            Self::Names(names) => names.iter().filter_map(|name| value.get(name)).collect(),
            Self::Index(index) => at(value, *index).into_iter().collect(),
            Self::Indexes(indexes) => indexes
                .iter()
                .filter_map(|index| at(value, *index))
                .collect(),
            Self::Slice(from, to) => slice(value, *from, *to).iter().collect(),
            Self::Wildcard => children(value),
            Self::Filter(filter) => {
                // Of an object, a filter takes or leaves the object itself.
                let items = match value {
                    Value::Array(items) => items.iter().collect(),
                    Value::Object(_) => vec![value],
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                        Vec::new()
                    }
                };
                let keep = |item: &&Value| filter.takes(item, root);
                items.into_iter().filter(keep).collect()
            }
            Self::Deep => {
                let mut all = Vec::new();
                descend(value, &mut all);
                all
            }
        }
    }
}

/// Whole numbers of a path count from the end where they are negative.
fn at(value: &Value, index: i64) -> Option<&Value> {
    let items = value.as_array()?;
    items.get(place(index, items.len())?)
}

fn place(index: i64, length: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

fn slice(value: &Value, from: Option<i64>, to: Option<i64>) -> &[Value] {
    let Some(items) = value.as_array() else {
        return &[];
    };
    let bound = |index: Option<i64>, absent: usize| {
        index.map_or(absent, |index| place(index, items.len()).unwrap_or(0))
    };
    let to = bound(to, items.len()).min(items.len());
    items.get(bound(from, 0)..to).unwrap_or_default()
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn descend<'v>(value: &'v Value, all: &mut Vec<&'v Value>) {
    all.push(value);
    for child in children(value) {
        descend(child, all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn calls() -> Value {
        json!({
            "calls": [
                {"id": "a", "members": [
                    {"role": "agent", "legs": [{"kind": "in"}], "tags": {"x": 1}},
                    {"role": "guest", "legs": [{"kind": "out"}], "tags": {"x": 2}, "age": 7}]},
                {"id": "b", "members": [{"role": "agent", "legs": [{"kind": "out"}], "tags": {"x": 3}}]}
            ],
            "limit": 5,
            "odd key": {"v": null}
        })
    }

    #[track_caller]
    fn leads(path: &str, to: Value) {
        let parsed = JsonPath::parse(path).unwrap_or_else(|| panic!("not understood: {path}"));
        assert_eq!(parsed.find(&calls()), Some(to), "{path}");
    }

    #[test]
    fn a_definite_path_leads_to_one_value_or_none() {
        leads("$", calls());
        leads("$.calls[0].id", json!("a"));
        leads("$.calls[-1]['id']", json!("b"));
        leads("$.['odd key'].v", Value::Null);
        leads("$[\"limit\"]", json!(5));
        for path in ["$.none", "$.calls[9].id", "$.limit.x", "$.calls['0']"] {
            assert_eq!(
                JsonPath::parse(path).unwrap().find(&calls()),
                None,
                "{path}"
            );
        }
    }

    #[test]
    fn an_indefinite_path_leads_to_a_list_that_may_be_empty() {
        leads("$.calls[*].id", json!(["a", "b"]));
        leads("$.calls.*.id", json!(["a", "b"]));
        leads("$..x", json!([1, 2, 3]));
        leads("$..['x']", json!([1, 2, 3]));
        leads("$.calls[0:1].id", json!(["a"]));
        leads("$.calls[-1:].id", json!(["b"]));
        leads("$.calls[0,1].id", json!(["a", "b"]));
        leads("$.calls[0]['id','none']", json!(["a"]));
        leads("$..none", json!([]));
        leads("$.calls[1:0]", json!([]));
    }

    /// As json-path 2.9.0 gives it.
    #[test]
    fn a_function_is_applied_to_what_a_definite_path_leads_to() {
        let document = json!({
            "a": [1, 2, 3.5, "x"], "n": [1, 2, 3], "o": {"k": 1, "l": 2}, "s": "text", "z": []
        });
        for (path, expected) in [
            ("$.a.length()", Some(json!(4))),
            ("$.o.length()", Some(json!(2))),
            ("$.z.length()", Some(json!(0))),
            ("$['n'].length()", Some(json!(3))),
            ("$.length()", Some(json!(5))),
            ("$.s.length()", Some(Value::Null)),
            ("$.none.length()", None),
            ("$.n.min()", Some(json!(1.0))),
            ("$.n.max()", Some(json!(3.0))),
            ("$.n.avg()", Some(json!(2.0))),
            ("$.a.sum()", Some(json!(6.5))),
            ("$.n.stddev()", Some(json!(0.816_496_580_927_726))),
            ("$.z.min()", None),
            ("$.s.sum()", None),
            ("$.o.keys()", Some(json!(["k", "l"]))),
            ("$.n.keys()", Some(Value::Null)),
            ("$.n.first()", Some(json!(1))),
            ("$.n.last()", Some(json!(3))),
            ("$.n.index(1)", Some(json!(2))),
            ("$.n.index(-1)", Some(json!(3))),
        ] {
            assert_eq!(
                JsonPath::parse(path).unwrap().find(&document),
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn a_filter_takes_what_it_says() {
        leads(
            "$.calls[0].members[?(@.role == \"guest\")].tags",
            json!([{"x": 2}]),
        );
        leads(
            "$..members[?(@.role=='agent' && @.legs[0].kind == 'out')].tags.x",
            json!([3]),
        );
        leads("$..members[?(@.age)].role", json!(["guest"]));
        leads(
            "$..members[?(!(@.age) && @.tags.x != 3)].role",
            json!(["agent"]),
        );
        leads("$..members[?(@.tags.x < $.limit)].tags.x", json!([1, 2, 3]));
        leads(
            "$..members[?(@.tags.x >= 2 || @.role == 'agent')].tags.x",
            json!([1, 2, 3]),
        );
        leads("$..tags[?(@.x > 2)].x", json!([3]));
        leads("$.calls[?(@['id'] == 'b')].id", json!(["b"]));
        leads("$..members[?(@.age == null)].role", json!([]));
    }

    #[test]
    fn what_is_not_understood_is_no_path() {
        for text in [
            "calls",
            "$calls",
            "$.",
            "$..",
            "$.calls[",
            "$.calls[x]",
            "$.calls[?(@.a ==)]",
            "$.calls[?(@.a == 'x']",
            "$.calls[?@.a == 'x')]",
            "$.calls.nope()",
            "$.calls.length(1)",
            "$.calls.length().x",
            "$..id.length()",
            "$.calls.index(x)",
        ] {
            assert_eq!(JsonPath::parse(text), None, "{text}");
        }
    }
}

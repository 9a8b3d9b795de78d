//! The open points: what is not documented about the platform, each as a switch with a default.
//!
//! A client that is right works under every setting. The first value of a switch is its default.

use serde_json::{Value, json};

macro_rules! switches {
    ($($(#[doc = $doc:literal])+ $field:ident : $kind:ident { $($variant:ident = $text:literal),+ $(,)? })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            #[allow(missing_docs)]
            pub enum $kind { $($variant),+ }

            impl $kind {
                const VALUES: &'static [(&'static str, Self)] = &[$(($text, Self::$variant)),+];

                fn text(self) -> &'static str {
                    match self { $(Self::$variant => $text),+ }
                }
            }
        )+

        /// The current setting of every switch.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Switches {
            $($(#[doc = $doc])+ pub $field: $kind,)+
        }

        impl Default for Switches {
            fn default() -> Self {
                Self { $($field: $kind::VALUES[0].1,)+ }
            }
        }

        impl Switches {
            /// Sets a switch by its name.
            ///
            /// # Errors
            /// A text that names the known switches, or the switch's known values.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
                match name {
                    $(stringify!($field) => {
                        let found = $kind::VALUES.iter().find(|(text, _)| *text == value);
                        let Some((_, setting)) = found else {
                            return Err(unknown_value(name, value, &[$($text),+]));
                        };
                        self.$field = *setting;
                        Ok(())
                    })+
                    _ => Err(format!(
                        "there is no switch `{name}`; there are: {}",
                        [$(stringify!($field)),+].join(", ")
                    )),
                }
            }

            /// Every switch with its values, its default, its current value and the open point behind it.
            #[must_use]
            pub fn describe(&self) -> Value {
                json!([$({
                    "name": stringify!($field),
                    "values": [$($text),+],
                    "default": $kind::VALUES[0].0,
                    "current": self.$field.text(),
                    "what": joined(&[$($doc),+]),
                }),+])
            }
        }
    };
}

/// The lines of a doc comment as one text.
fn joined(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

fn unknown_value(name: &str, value: &str, known: &[&str]) -> String {
    format!(
        "switch `{name}` has no value `{value}`; it has: {}",
        known.join(", ")
    )
}

switches! {
    /// Status of a created action or draft. Provider logs of 2021 to 2025 show 201 for actions, the published swagger says 200.
    create_status: CreateStatus { Created = "201", Ok = "200" }
    /// Status of a stale version in PATCH of an action or a draft. The official Terraform provider treats all three as a conflict.
    stale_action_version: StaleActionVersion { BadRequest = "400", Conflict = "409", Timeout = "408" }
    /// Whether every change of an action or draft raises its version, or one of a template alone does not. That it always does is inferred.
    version_rises: VersionRises { Always = "always", NotForTemplates = "not_for_templates" }
    /// Whether a config sent in PATCH replaces the old one or is merged into it, field by field.
    patch_config: PatchConfig { Replace = "replace", Merge = "merge" }
    /// Whether a config that is read contains the templates or only the URIs from which they can be read.
    config_templates: ConfigTemplates { Uri = "uri", Inline = "inline" }
    /// Whether the draft of a published action may change contract and secure.
    draft_contract_change: DraftContractChange { Refuse = "refuse", Accept = "accept" }
    /// Whether a read contract is answered as it was written, or in the spelling of the console's
    /// exports: `additionalProperties` named, `required` sorted, and omitted if empty.
    contract_spelling: ContractSpelling { AsWritten = "as_written", Normalized = "normalized" }
    /// The intended state of a new integration.
    new_integration_state: NewIntegrationState { Disabled = "DISABLED", Enabled = "ENABLED" }
    /// Whether a deleted integration is gone at once, or still shown with the intended state DELETED until it is restored. Recorded: gone.
    deleted_integration: DeletedIntegration { Gone = "gone", Shown = "shown" }
    /// Whether a fresh integration refuses new actions (400) until its activation time has passed.
    fresh_integration_actions: FreshIntegrationActions { Accept = "accept", Refuse = "refuse" }
    /// The slot of an integration's config that names the role. Official modules write the first; Lockstep reads it from the integration type.
    role_slot: RoleSlot { Upper = "AmazonWebServicesARN", Lower = "amazonWebServicesARN" }
    /// The name of the type of credential that holds a role's ARN. Official modules write the first; Lockstep reads it from the credential types.
    role_credential_type: RoleCredentialType { Lower = "amazonWebServicesARN", Upper = "AmazonWebServicesARN" }
    /// Whether an action may call a version or alias of a function.
    qualified_arns: QualifiedArns { Accept = "accept", Refuse = "refuse" }
    /// How a read credential hides its fields.
    credential_redaction: CredentialRedaction { Masked = "masked", Omitted = "omitted", ArnVisible = "arn_visible" }
    /// Whether a credential that an integration refers to can be deleted.
    delete_used_credential: DeleteUsedCredential { Allow = "allow", Refuse = "refuse" }
    /// Whether changes of credentials are audited. No audit entity of theirs is proved.
    credential_audits: CredentialAudits { No = "no", Yes = "yes" }
    /// Whether creating, changing and discarding drafts is audited. Publishing is.
    draft_audits: DraftAudits { Yes = "yes", No = "no" }
    /// How the publishing of a draft is audited: entity and action.
    publish_audited_as: PublishAuditedAs { Publish = "Publish", Update = "Update", ActionDraft = "ActionDraft" }
    /// How a change of an integration's intended state is audited: as an update, or under a word of its own. The closed set of audit actions has them all; no record is known.
    state_change_audited_as: StateChangeAuditedAs { Update = "Update", Enable = "Enable", Activate = "Activate", Edit = "Edit" }
    /// Whether a filter of an audit query by action is refused without one by entity type. A third party's tool refuses to send it; no answer is known.
    audit_action_filter: AuditActionFilter { Alone = "alone", WithEntityType = "with_entity_type" }
    /// Whether an execution or test of an action is audited (entity Action, action Execute).
    execution_audits: ExecutionAudits { No = "no", Yes = "yes" }
    /// Which refused writes are audited with status FAILURE: those of an invalid value, none, or denied ones and stale versions too.
    failed_writes_audited: FailedWritesAudited { Validation = "validation", Never = "never", All = "all" }
    /// When a record appears in audit queries: at once, 5 s late, or never. The delay of the control API is added.
    audit_delay: AuditDelay { None = "none", Late = "late", Never = "never" }
    /// How often an audit record arrives as an event. Delivery at least once is inferred.
    event_delivery: EventDelivery { Once = "once", Twice = "twice" }
    /// Whether the realtime audit query knows the service Integrations.
    realtime_audits: RealtimeAudits { AllServices = "all", WithoutIntegrations = "without_integrations" }
    /// Whether a realtime audit query over more than a day is answered, or times out. A third party saw it time out over several days, and work in pieces of a day.
    realtime_audit_interval: RealtimeAuditInterval { Any = "any", Day = "day" }
    /// Whether an audit query must name a service. Third parties say so, the published swagger does not.
    audit_service_name: AuditServiceName { Required = "required", Optional = "optional" }
    /// The value of an audit record's `user` when a client made the change.
    audit_user: AuditUser { Absent = "absent", Empty = "empty" }
    /// Precision of `eventDate` in audit records. Observed: seconds.
    audit_precision: AuditPrecision { Seconds = "seconds", Milliseconds = "milliseconds" }
    /// Whether the old secret of a client still signs in after a reset, until the grace time of 60 s is over.
    old_client_secret: OldClientSecret { Refused = "refused", Grace = "grace" }
    /// Whether tokens issued before a secret reset stay valid.
    tokens_after_reset: TokensAfterReset { Valid = "valid", Revoked = "revoked" }
    /// Whether reading an OAuth client shows its secret. Announced as removed in 2025.
    client_secret_in_get: ClientSecretInGet { Hidden = "hidden", Shown = "shown" }
    /// Whether a usage query for a part of a day counts that part only, or the whole day. The help pages say that usage is computed by whole days of UTC.
    usage_interval: UsageInterval { Exact = "exact", WholeDays = "whole_days" }
    /// Whether usage of the current UTC day is shown. The help pages say that their report omits it.
    usage_current_day: UsageCurrentDay { Shown = "shown", Hidden = "hidden" }
    /// Whether the result of a usage query is returned whole or in pages. The model has cursors, but the operation has no parameter for one; Lockstep sends the cursor as `after`.
    usage_pages: UsagePages { Whole = "whole", Cursors = "cursors" }
    /// Which operations report the use of a client: the jobs, the queries that they supersede, or both. The removal of the queries is announced; the jobs were added in 2025.
    usage_operations: UsageOperations { Both = "both", Queries = "queries", Jobs = "jobs" }
    /// Status of a submitted usage query. The published swagger declares both.
    usage_submit_status: UsageSubmitStatus { Ok = "200", Accepted = "202" }
    /// Whether a read role lists its permissions besides its policies.
    role_permissions: RolePermissions { Listed = "listed", Policies = "policies" }
    /// Where a client whose allowed IP addresses do not include the caller is refused (401 `ip.not.authorized`): at sign-in, or at each call of the API. Announced in 2026 for client credentials; no live answer is known.
    refused_address: RefusedAddress { SignIn = "sign_in", Api = "api" }
    /// What the token endpoint answers to an inactive client.
    inactive_client: InactiveClient { BadRequest = "400", Unauthorized = "401" }
    /// Whether an assumed AWS session is kept for later calls, so that a changed trust policy takes effect late.
    aws_session: AwsSession { Fresh = "fresh", Kept = "kept" }
    /// Status of a run if AWS does not let Genesys Cloud assume the role or invoke the function. A help page says 403 for five such causes; the published swagger has codes with 400 for them.
    function_denied: FunctionDenied { Forbidden = "403", BadRequest = "400" }
    /// The error of a run whose web service answers 401 or 403. The help pages show the first for a
    /// failed authentication.
    upstream_refusal: UpstreamRefusal { InvalidCredentials = "invalid.credentials", BadRequest = "bad.request" }
    /// How long the response of a custom authentication action is cached: until its credential changes or the web service refuses it, or only until the refusal.
    auth_response: AuthResponse { Credential = "until_changed", Refusal = "until_refused" }
    /// Whether the headers of the action's request reach the function as its client context.
    request_headers: RequestHeaders { Ignored = "ignored", ClientContext = "client_context" }
    /// Whether `execute` sees a changed config at once, or only after the activation time (as running flows may).
    config_reaches_flows: ConfigReachesFlows { AtOnce = "at_once", Delayed = "delayed" }
    /// What the steps of a test are called, if they have names at all.
    operation_names: OperationNames { Words = "words", Codes = "codes", Absent = "absent" }
    /// Whether the input of a test or an execution is checked against the input schema.
    input_check: InputCheck { Lenient = "lenient", Schema = "schema" }
    /// What a 429 contains besides `Retry-After`: the wait and the limit, or only that there is a limit. No complete live sample is known.
    rate_limit_answer: RateLimitAnswer { Wait = "wait", Plain = "plain" }
    /// Whether answers carry the `inin-ratelimit-*` headers. None of some 1,550 answers in published provider logs of 2022 to 2025 does; a developer center blog of 2021 shows them.
    rate_limit_headers: RateLimitHeaders { Absent = "absent", Sent = "sent" }
    /// Whether a page size above the maximum (100; audits 500; credential listing 200) is refused or reduced to the maximum.
    large_page: LargePage { Refuse = "refuse", Clamp = "clamp" }
    /// Whether fields in a body that the model does not have are refused or ignored.
    unknown_fields: UnknownFields { Refuse = "refuse", Ignore = "ignore" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_set_by_its_name_and_described_with_its_current_value() {
        let mut switches = Switches::default();
        switches.set("create_status", "200").unwrap();
        assert_eq!(switches.create_status, CreateStatus::Ok);
        let described = switches.describe();
        assert_eq!(described[0]["name"], "create_status");
        assert_eq!(described[0]["current"], "200");
        assert_eq!(described[0]["default"], "201");
        assert!(described[0]["what"].as_str().unwrap().contains("swagger"));
    }

    #[test]
    fn an_unknown_switch_or_value_is_refused_and_what_exists_is_named() {
        let mut switches = Switches::default();
        let unknown = switches.set("nonsense", "1").unwrap_err();
        assert!(unknown.contains("create_status"), "{unknown}");
        let value = switches.set("create_status", "204").unwrap_err();
        assert!(value.contains("201, 200"), "{value}");
        assert_eq!(switches, Switches::default());
    }

    /// Switch, values and meaning of each row of the table, in order.
    fn documented() -> Vec<(String, String, String)> {
        let table = include_str!("../../../docs/open-points.md");
        let rows = table.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            assert_eq!(cells.len(), 4, "{row}");
            assert!(cells[3].len() > 20, "how to find out: {row}");
            let text = |cell: &str| cell.to_owned();
            (text(cells[0]), text(cells[1]), text(cells[2]))
        })
        .collect()
    }

    #[test]
    fn the_table_of_open_points_has_every_switch_with_its_values_and_meaning_and_no_other() {
        let coded: Vec<(String, String, String)> = Switches::default()
            .describe()
            .as_array()
            .unwrap()
            .iter()
            .map(|switch| {
                let quoted = |value: &Value| format!("`{}`", value.as_str().unwrap());
                let values: Vec<String> = switch["values"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(quoted)
                    .collect();
                let what = switch["what"].as_str().unwrap().to_owned();
                (quoted(&switch["name"]), values.join(", "), what)
            })
            .collect();
        assert_eq!(documented(), coded);
    }
}

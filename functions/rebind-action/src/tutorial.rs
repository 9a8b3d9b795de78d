//! The payload that many tutorials send, compared with the manifest. It can add nothing.

use lockstep::store::Manifests;
use lockstep_domain::change::BindingState;
use lockstep_domain::manifest::{Action, Manifest};
use lockstep_domain::problem::Problem;
use lockstep_domain::request::TutorialRequest;

/// The action that the payload means.
///
/// # Errors
/// Where no manifest has the action, and every field that differs from the manifest, at once.
pub fn compared_with<'a>(
    request: &TutorialRequest,
    manifests: &'a Manifests,
    states: &[BindingState],
    partition: &str,
    account: &str,
) -> Result<(&'a Manifest, &'a Action), Vec<Problem>> {
    let id = &request.action_id;
    let remembered = |manifest: &Manifest, action: &Action| {
        states.iter().any(|state| {
            state.organization == manifest.organization.id
                && state.key == action.key
                && state.action_id.as_ref() == Some(id)
        })
    };
    let found = manifests
        .current
        .iter()
        .map(|accepted| &accepted.manifest)
        .flat_map(|manifest| {
            manifest
                .actions
                .iter()
                .map(move |action| (manifest, action))
        })
        .find(|(manifest, action)| action.id.as_ref() == Some(id) || remembered(manifest, action));
    let Some((manifest, action)) = found else {
        return Err(vec![Problem::new(
            "event.action_id",
            format!("no accepted manifest has the action {id}"),
            "add the action to a manifest and upload it; this payload cannot add one",
        )]);
    };
    let problems = differences(request, manifest, action, partition, account);
    if problems.is_empty() {
        Ok((manifest, action))
    } else {
        Err(problems)
    }
}

fn differences(
    request: &TutorialRequest,
    manifest: &Manifest,
    action: &Action,
    partition: &str,
    account: &str,
) -> Vec<Problem> {
    // Destructured, so that no field is forgotten.
    let TutorialRequest {
        action_id: _,
        name,
        lambda_arn,
        region,
        iam_role_arn,
        secrets,
        description: _,
    } = request;
    let role = manifest
        .integration_of(action)
        .map(|integration| format!("arn:{partition}:iam::{account}:role/{}", integration.role))
        .unwrap_or_default();
    let given: Vec<String> = secrets
        .iter()
        .map(|secret| format!("{}={}", secret.name, secret.key))
        .collect();
    let wanted: Vec<String> = action
        .secrets
        .iter()
        .map(|secret| format!("{}={}", secret.name, secret.arn))
        .collect();
    [
        ("name", name.clone(), action.name.clone()),
        (
            "lambda_arn",
            lambda_arn.to_string(),
            action.function.to_string(),
        ),
        (
            "region",
            region.clone(),
            action.function.region().to_owned(),
        ),
        ("iam_role_arn", iam_role_arn.to_string(), role),
        ("secrets", given.join(", "), wanted.join(", ")),
    ]
    .into_iter()
    .filter(|(_, given, wanted)| given != wanted)
    .map(|(field, given, wanted)| {
        Problem::new(
            format!("event.{field}"),
            format!(
                "is {given:?}, but the manifest has {wanted:?} for {}",
                action.key
            ),
            "change the manifest and upload it, or send the value of the manifest",
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use lockstep::store::Accepted;
    use lockstep_domain::manifest::{self, Bounds};
    use lockstep_domain::request::parse;
    use serde_json::{Value, json};

    use super::*;

    const ACCOUNT: &str = "123456789012";
    const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:Orders";
    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf";

    /// One action, which Lockstep made as `custom_-_1`.
    fn current() -> (Manifests, Vec<BindingState>) {
        let text = json!({
            "version": 1,
            "organization": {
                "id": "org-1",
                "client_secret":
                    "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3",
            },
            "integrations": [{"key": "prod", "name": "Production", "role": "GenesysOrders"}],
            "actions": [{
                "key": "orders", "name": "Orders", "integration": "prod", "function": FUNCTION,
                "secrets": [{"name": "DB", "arn": SECRET}],
                "contract": {"input": {"type": "object"}, "output": {"type": "object"}},
            }],
        });
        let bounds = Bounds {
            account: ACCOUNT.into(),
            region: "us-east-1".into(),
            partition: "aws".into(),
            organization_ids: vec!["org-1".parse().unwrap()],
            allowed_functions: vec![FUNCTION.parse().unwrap()],
            allowed_hosts: Vec::new(),
            role_name_prefix: "Genesys".into(),
            client_secret_prefix: "genesys/".into(),
            credential_secret_prefix: "genesys-credentials/".into(),
            genesys_account: None,
            own_functions: vec!["lockstep-".into()],
            own_role_prefix: "lockstep-".into(),
        };
        let manifest = manifest::read(&text.to_string(), &bounds, &[]).unwrap();
        let mut state = BindingState::new("org-1".parse().unwrap(), "orders".parse().unwrap());
        state.action_id = Some("custom_-_1".parse().unwrap());
        let accepted = Accepted {
            manifest,
            object: "manifests/main.yaml".into(),
            version_id: None,
            dropped: Vec::new(),
            notices: Vec::new(),
            accepted_at: jiff::Timestamp::UNIX_EPOCH,
            text: String::new(),
        };
        let manifests = Manifests {
            current: vec![accepted],
            ..Manifests::default()
        };
        (manifests, vec![state])
    }

    fn payload() -> Value {
        json!({
            "action_id": "custom_-_1",
            "name": "Orders",
            "lambda_arn": FUNCTION,
            "region": "us-east-1",
            "iam_role_arn": "arn:aws:iam::123456789012:role/GenesysOrders",
            "secrets": [{"name": "DB", "key": SECRET}],
            "description": "ignored",
        })
    }

    fn answer(payload: &Value) -> Result<String, Vec<String>> {
        let (manifests, states) = current();
        let request = parse(payload).unwrap();
        compared_with(&request, &manifests, &states, "aws", ACCOUNT)
            .map(|(_, action)| action.key.to_string())
            .map_err(|problems| problems.into_iter().map(|problem| problem.at).collect())
    }

    #[test]
    fn a_payload_that_says_what_the_manifest_says_means_its_action() {
        assert_eq!(answer(&payload()), Ok("orders".into()));
    }

    #[test]
    fn every_field_that_differs_is_named() {
        let mut payload = payload();
        payload["name"] = json!("Other");
        payload["lambda_arn"] =
            json!("arn:aws:lambda:us-east-1:123456789012:function:SomethingElse");
        payload["region"] = json!("eu-west-1");
        payload["iam_role_arn"] = json!("arn:aws:iam::123456789012:role/Admin");
        payload["secrets"] = json!([]);
        let fields = ["name", "lambda_arn", "region", "iam_role_arn", "secrets"];
        let places = fields.map(|field| format!("event.{field}")).to_vec();
        assert_eq!(answer(&payload), Err(places));
    }

    #[test]
    fn an_action_that_no_manifest_has_can_not_be_added() {
        let mut payload = payload();
        payload["action_id"] = json!("custom_-_2");
        assert_eq!(answer(&payload), Err(vec!["event.action_id".into()]));
    }
}

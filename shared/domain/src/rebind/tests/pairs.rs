//! What a plan puts live: pairs of role and function, and moves of a role.

use super::*;

#[test]
fn a_rotation_puts_no_new_pair_live() {
    for (before, after) in [(desired("v1"), desired("v2")), (tested("v1"), tested("v2"))] {
        let (observed, state) = world(&before);
        let plan = plan(&integration(), &after, &observed, &state).unwrap();
        assert!(plan.writes());
        assert_eq!(plan.pair(), Pair::Unchanged, "{:?}", kinds(&plan));
        assert!(!plan.moves_role());
    }
}

#[test]
fn another_function_is_a_new_pair_and_goes_live_at_once_where_it_is_not_tested() {
    let other: crate::arn::FunctionArn = "arn:aws:lambda:us-east-1:123456789012:function:other"
        .parse()
        .unwrap();
    for (mut action, pair) in [(desired("v1"), Pair::NewAtOnce), (tested("v1"), Pair::New)] {
        let (observed, state) = world(&action);
        action.function = other.clone();
        let plan = plan(&integration(), &action, &observed, &state).unwrap();
        assert_eq!(plan.pair(), pair, "{:?}", kinds(&plan));
        assert!(!plan.moves_role());
    }
}

#[test]
fn another_role_moves_all_actions_of_the_integration_at_once() {
    let action = desired("v1");
    let (observed, state) = world(&action);
    let mut integration = integration();
    integration.role_arn = "arn:aws:iam::123456789012:role/GenesysOther".into();
    let plan = plan(&integration, &action, &observed, &state).unwrap();
    assert_eq!(plan.pair(), Pair::NewAtOnce);
    assert!(plan.moves_role());
}

#[test]
fn what_nobody_calls_yet_is_a_new_pair_that_need_not_wait() {
    let (observed, state) = nothing();
    let plan = plan(&integration(), &desired("v1"), &observed, &state).unwrap();
    assert_eq!(plan.pair(), Pair::New);
    assert!(!plan.moves_role());
}

mod moving_a_role {
    use super::*;
    use crate::manifest::{Bounds, Manifest, read};

    fn manifest(extra: &str) -> Manifest {
        let text = format!(
            r#"
version: 1
organization:
  id: org-1
  client_secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3
integrations:
  - {{key: prod, name: Production, role: GenesysRole{extra}}}
actions:
  - key: by-name
    name: By name
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders
    contract: {{input: {{type: object}}, output: {{type: object}}}}
  - key: by-memory
    name: By memory
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders
    contract: {{input: {{type: object}}, output: {{type: object}}}}
  - key: by-id
    name: By id
    id: custom_-_1
    integration: prod
    function: arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders
"#
        );
        let bounds = Bounds {
            account: "123456789012".into(),
            region: "us-east-1".into(),
            partition: "aws".into(),
            organization_ids: vec!["org-1".parse().unwrap()],
            allowed_functions: vec![
                "arn:aws:lambda:us-east-1:123456789012:function:Genesys*"
                    .parse()
                    .unwrap(),
            ],
            allowed_hosts: Vec::new(),
            role_name_prefix: "Genesys".into(),
            client_secret_prefix: "genesys/".into(),
            credential_secret_prefix: "genesys-credentials/".into(),
            genesys_account: None,
            own_functions: Vec::new(),
            own_role_prefix: "lockstep-".into(),
        };
        read(&text, &bounds, &[]).unwrap()
    }

    fn listed(id: &str, name: &str) -> ListedAction {
        ListedAction {
            id: id.into(),
            name: name.into(),
        }
    }

    fn moved(extra: &str, more: &[ListedAction]) -> Result<(), Refusal> {
        let manifest = manifest(extra);
        let mut all = vec![
            listed("custom_-_1", "Renamed by hand"),
            listed("custom_-_2", "By name"),
            listed("custom_-_3", "Renamed as well"),
        ];
        all.extend_from_slice(more);
        let remembered = [("by-memory", "custom_-_3"), ("taken-out", "custom_-_4")];
        let remembered = remembered.map(|(key, id)| (key.parse().unwrap(), id.parse().unwrap()));
        let remembered = BTreeMap::from(remembered);
        may_move_role(
            &manifest.integrations[0],
            &manifest.actions,
            &all,
            &remembered,
        )
    }

    #[test]
    fn managed_actions_move_with_their_integration() {
        assert_eq!(moved("", &[]), Ok(()));
    }

    #[test]
    fn an_action_that_was_taken_out_of_the_manifest_is_not_managed_any_more() {
        let taken_out = [listed("custom_-_4", "Taken out")];
        let refusal = moved("", &taken_out).unwrap_err();
        let said = refusal.problems[0].to_string();
        assert!(said.contains(r#""Taken out" (custom_-_4)"#), "{said}");
        assert_eq!(moved(", adopt: true", &taken_out), Ok(()));
    }

    #[test]
    fn an_unmanaged_action_keeps_the_integration_where_it_is() {
        let strange = [listed("custom_-_9", "Somebody's")];
        let refusal = moved("", &strange).unwrap_err();
        let said = refusal.problems[0].to_string();
        assert!(said.contains(r#""Somebody's" (custom_-_9)"#), "{said}");
        assert!(said.contains("adopt: true"), "{said}");
        assert_eq!(moved(", adopt: true", &strange), Ok(()));
    }
}

//! The project's own client against the simulator: what rotating clients and credentials needs of both.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use genesys_cloud::{
    AuditQuery, ClientCredentials, CredentialRef, Endpoints, Genesys, IntegrationFilter, Settings,
};
use genesys_simulator::{Client, Config, Judged, Simulator, UsageSettings, start};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::support::ORGANIZATION;

async fn simulator() -> Simulator {
    start(Config {
        organization_id: ORGANIZATION.to_owned(),
        organization_name: "Example".to_owned(),
        aws: None,
        port: 0,
        event_source_suffix: None,
        judged: Judged::Everything,
    })
    .await
    .unwrap()
}

fn signed_in(simulator: &Simulator, client: &Client) -> Genesys {
    let url = simulator.api_url().parse::<url::Url>().unwrap();
    let endpoints = Endpoints {
        api: url.clone(),
        login: url,
    };
    let credentials = ClientCredentials {
        client_id: client.id.clone(),
        client_secret: client.secret.clone(),
    };
    let settings = Settings {
        audit_poll: Duration::from_millis(2),
        ..Settings::default()
    };
    Genesys::new(endpoints, credentials, settings).unwrap()
}

fn yesterday_and_today() -> (Date, Date) {
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    (today.yesterday().unwrap(), today)
}

#[tokio::test]
async fn usage_names_each_operation_and_how_often_it_was_called() {
    let simulator = simulator().await;
    let other = signed_in(&simulator, simulator.other_client());
    for _ in 0..3 {
        other.organization_me().await.unwrap();
    }
    let own = signed_in(&simulator, simulator.client());
    let (from, to) = yesterday_and_today();
    let rows = own
        .client_usage(&simulator.other_client().id, from, to)
        .await
        .unwrap();
    let told: Vec<(String, u64)> = rows
        .iter()
        .map(|row| (row.operation(), row.calls()))
        .collect();
    assert_eq!(told, [("GET /api/v2/organizations/me".to_owned(), 3)]);
    assert!(rows[0].date.is_some());
    let unused = own.client_usage(&simulator.alternate_client().id, from, to);
    assert_eq!(unused.await.unwrap(), []);
    simulator.stop().await;
}

#[tokio::test]
async fn usage_is_known_from_whichever_operations_the_region_has() {
    let simulator = simulator().await;
    let own = signed_in(&simulator, simulator.client());
    own.organization_me().await.unwrap();
    let (from, to) = yesterday_and_today();
    for operations in ["both", "queries", "jobs"] {
        simulator
            .set_switch("usage_operations", operations)
            .unwrap();
        let rows = own.client_usage(own.client_id(), from, to).await.unwrap();
        let me = rows
            .iter()
            .find(|row| row.operation() == "GET /api/v2/organizations/me");
        assert_eq!(me.unwrap().calls(), 1, "{operations}: {rows:?}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn usage_is_read_to_its_last_page_and_a_failed_query_is_an_error() {
    let simulator = simulator().await;
    simulator.set_switch("usage_operations", "queries").unwrap();
    simulator.set_switch("usage_pages", "cursors").unwrap();
    let own = signed_in(&simulator, simulator.client());
    own.organization_me().await.unwrap();
    own.integration_type("custom-rest-actions").await.unwrap();
    own.get_oauth_client(own.client_id()).await.unwrap();
    own.list_credentials().await.unwrap();
    let (from, to) = yesterday_and_today();
    let rows = own.client_usage(own.client_id(), from, to).await.unwrap();
    // Four, the attempt with a job, and the two of the query itself.
    assert_eq!(rows.len(), 7, "{rows:?}");
    let fails = UsageSettings {
        fails: Some(true),
        ..UsageSettings::default()
    };
    simulator.set_usage(&fails).unwrap();
    let failed = own.client_usage(own.client_id(), from, to).await;
    let error = failed.unwrap_err();
    assert!(error.message().contains("failed"), "{error}");
    simulator.stop().await;
}

#[tokio::test]
async fn the_other_of_a_pair_is_reset_and_signs_in_with_the_same_permissions() {
    let simulator = simulator().await;
    let own = signed_in(&simulator, simulator.client());
    let alternate = simulator.alternate_client();
    let reset = own.reset_oauth_client_secret(&alternate.id).await.unwrap();
    let secret = reset.secret.clone().unwrap();
    assert!(!format!("{reset:?}").contains(secret.expose_secret()));
    assert_ne!(secret.expose_secret(), alternate.secret.expose_secret());
    let old = signed_in(&simulator, alternate).sign_in().await;
    assert!(old.is_err(), "the old secret is dead");
    let renewed = Client {
        id: alternate.id.clone(),
        secret,
    };
    let renewed = signed_in(&simulator, &renewed);
    assert_eq!(renewed.organization_me().await.unwrap().id, ORGANIZATION);

    let read = own.get_oauth_client(&alternate.id).await.unwrap().unwrap();
    assert!(read.secret.is_none());
    let id = &read.role_divisions[0].role_id;
    for switch in ["listed", "policies"] {
        simulator.set_switch("role_permissions", switch).unwrap();
        let role = renewed.role(id).await.unwrap().unwrap();
        let listed = role.permissions.iter().cloned();
        let of_policies = role.permission_policies.iter().flat_map(|policy| {
            let (domain, entity) = (policy.domain.as_deref(), policy.entity_name.as_deref());
            let (domain, entity) = (domain.unwrap(), entity.unwrap());
            let actions = policy.action_set.iter();
            actions.map(move |action| format!("{domain}:{entity}:{action}"))
        });
        let granted: BTreeSet<String> = listed.chain(of_policies).collect();
        let grants = |permission: &str| granted.contains(permission);
        assert!(grants("integrations:action:edit"), "{switch}: {granted:?}");
        assert!(grants("oauth:client:edit"), "{switch}: {granted:?}");
        assert!(!grants("routing:queue:delete"), "{switch}: {granted:?}");
    }
    assert!(own.role("none").await.unwrap().is_none());
    simulator.stop().await;
}

fn fields(password: &str) -> BTreeMap<String, SecretString> {
    [("userName", "u"), ("password", password)]
        .map(|(name, value)| (name.to_owned(), SecretString::from(value)))
        .into()
}

#[tokio::test]
async fn a_credential_is_replaced_beside_the_old_one_and_everything_else_of_the_config_stays() {
    let simulator = simulator().await;
    let own = signed_in(&simulator, simulator.client());
    let integration = own
        .create_integration("Services", "custom-rest-actions")
        .await
        .unwrap();
    let kind = own.integration_type("custom-rest-actions").await.unwrap();
    let slot = kind.unwrap().credentials.into_iter().next().unwrap();
    assert_eq!(slot.0, "basicAuth");
    assert!(slot.1.credential_types.contains(&"userDefined".to_owned()));
    let old = own
        .create_credential("blue", "basicAuth", &fields("old"))
        .await
        .unwrap();
    let id = integration.id.as_str();
    let mut config = own.get_integration_config(id).await.unwrap().unwrap();
    config.notes = "of a person".to_owned();
    config.properties.insert("p".to_owned(), json!({"deep": 1}));
    config.advanced.insert("a".to_owned(), json!([true]));
    config
        .credentials
        .insert(slot.0.clone(), CredentialRef::to(&old.id));
    let first = own.put_integration_config(id, &config).await.unwrap();

    let new = own
        .create_credential("green", "basicAuth", &fields("new"))
        .await
        .unwrap();
    let mut next = first.clone();
    next.credentials
        .insert(slot.0.clone(), CredentialRef::to(&new.id));
    let second = own.put_integration_config(id, &next).await.unwrap();
    assert_eq!(
        (
            &second.name,
            &second.notes,
            &second.properties,
            &second.advanced
        ),
        (
            &first.name,
            &first.notes,
            &first.properties,
            &first.advanced
        )
    );
    let stale = own.put_integration_config(id, &next).await.unwrap_err();
    assert!(stale.is_conflict());

    let users = |credential: &str| IntegrationFilter {
        credential_id: Some(credential.to_owned()),
        ..IntegrationFilter::default()
    };
    assert_eq!(
        own.list_integrations(&users(&new.id)).await.unwrap().len(),
        1
    );
    assert_eq!(own.list_integrations(&users(&old.id)).await.unwrap(), []);
    own.delete_credential(&old.id).await.unwrap();
    let again = own.delete_credential(&old.id).await.unwrap_err();
    assert!(again.is_not_found(), "{again}");
    assert!(own.get_credential(&old.id).await.unwrap().is_none());
    let listed = async |id: &str| {
        let all = own.list_credentials().await.unwrap();
        all.into_iter().find(|listed| listed.id == id)
    };
    assert!(listed(&old.id).await.is_none());
    let before = listed(&new.id).await.unwrap();
    own.put_credential(&new.id, "green", "basicAuth", &fields("newer"))
        .await
        .unwrap();
    let after = listed(&new.id).await.unwrap();
    assert!(after.modified_date > before.modified_date);
    assert_eq!(after.created_date, before.created_date);
    let read = own.get_credential(&new.id).await.unwrap().unwrap();
    assert!(!format!("{read:?}").contains("newer"));
    simulator.stop().await;
}

#[tokio::test]
async fn records_of_several_days_are_found_where_a_longer_realtime_query_times_out() {
    let simulator = simulator().await;
    simulator
        .set_switch("realtime_audit_interval", "day")
        .unwrap();
    let own = signed_in(&simulator, simulator.client());
    own.create_integration("Orders", "aws-lambda-data-actions")
        .await
        .unwrap();
    let now = Timestamp::now();
    let query = AuditQuery {
        from: now - SignedDuration::from_hours(24 * 6),
        to: now + SignedDuration::from_hours(1),
        service: Some("Integrations".to_owned()),
        filters: Vec::new(),
    };
    let found = own.query_audits_realtime(&query).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
}

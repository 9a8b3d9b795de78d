//! The rules of the organization, one by one: each test breaks one and no other.

use lockstep_domain::manifest::Bounds;

use crate::support::{GOOD, accepted, assert_refused, bounds, organization, with};

#[test]
fn only_organizations_of_the_stack_are_managed() {
    let nobody = Bounds {
        organization_ids: Vec::new(),
        ..bounds()
    };
    assert_refused(
        GOOD,
        &nobody,
        "organization.id",
        "parameter OrganizationIds",
    );
    let other = with(
        "id: 3b2c9f1e-7a54-4d0b-9c1e-5f6a7b8c9d0e",
        "id: somebody-else",
    );
    assert_refused(
        &other,
        &bounds(),
        "organization.id",
        "does not manage the organization somebody-else",
    );
}

#[test]
fn an_unknown_region_is_refused_with_those_that_are_known() {
    assert_refused(
        &organization("environment: mypurecloud.co"),
        &bounds(),
        "organization.environment",
        "Did you mean mypurecloud.com? Allowed: mypurecloud.com, mypurecloud.ie,",
    );
}

#[test]
fn regions_have_their_own_genesys_account() {
    let fedramp = accepted(
        &organization("environment: use2.us-gov-pure.cloud"),
        &bounds(),
    );
    assert_eq!(fedramp.organization.genesys_account, "325654371633");
    let named = Bounds {
        genesys_account: Some("111122223333".into()),
        ..bounds()
    };
    assert_eq!(
        accepted(GOOD, &named).organization.genesys_account,
        "111122223333"
    );
}

#[test]
fn a_partition_without_a_published_account_needs_the_parameter() {
    let sovereign = organization("environment: edee1.eusc-pure.cloud");
    assert_refused(
        &sovereign,
        &bounds(),
        "organization.environment",
        "parameter GenesysAccountId",
    );
    let named = Bounds {
        genesys_account: Some("111122223333".into()),
        ..bounds()
    };
    assert_eq!(
        accepted(&sovereign, &named).organization.genesys_account,
        "111122223333"
    );

    let text = GOOD
        .replace("arn:aws:", "arn:aws-us-gov:")
        .replace("us-east-1", "us-gov-west-1");
    let gov = Bounds {
        partition: "aws-us-gov".into(),
        region: "us-gov-west-1".into(),
        allowed_functions: vec![
            "arn:aws-us-gov:lambda:*:123456789012:function:*"
                .parse()
                .unwrap(),
        ],
        ..bounds()
    };
    assert_refused(
        &text,
        &gov,
        "organization.environment",
        "a stack in partition aws-us-gov",
    );
    accepted(
        &text,
        &Bounds {
            genesys_account: Some("111122223333".into()),
            ..gov
        },
    );
}

#[test]
fn the_client_secret_is_of_this_stack_and_under_its_prefix() {
    let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client-a1B2c3";
    for (to, says) in [
        (
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/client-a1B2c3",
            "parameter ClientSecretPrefix",
        ),
        (
            "arn:aws:secretsmanager:us-east-1:999999999999:secret:genesys/client-a1B2c3",
            "account 999999999999",
        ),
        (
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:genesys/client-a1B2c3",
            "is in eu-west-1",
        ),
        (
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:genesys/client",
            "six characters",
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:x",
            "secretsmanager",
        ),
        ("genesys/client", "the form is arn:aws:secretsmanager"),
    ] {
        assert_refused(
            &with(arn, to),
            &bounds(),
            "organization.client_secret",
            says,
        );
    }
}

#[test]
fn urls_lead_to_genesys_or_to_hosts_that_the_stack_allows() {
    let none = bounds();
    for (field, at, says) in [
        (
            "api_url: https://api.example.com",
            "api_url",
            "parameter AllowedGenesysHosts",
        ),
        (
            "api_url: https://api.mypurecloud.com.example.com",
            "api_url",
            "does not allow the host",
        ),
        (
            "api_url: https://api.mypurecloud.com@example.com",
            "api_url",
            "must not have a user",
        ),
        (
            "api_url: https://api.mypurecloud.com:8443",
            "api_url",
            "api.mypurecloud.com:8443",
        ),
        (
            "api_url: http://api.mypurecloud.com",
            "api_url",
            "does not allow the host",
        ),
        (
            "api_url: https://api.mypurecloud.com/api/v2",
            "api_url",
            "must not have a user, path",
        ),
        (
            "api_url: https://api.mypurecloud.com/?x=1",
            "api_url",
            "query",
        ),
        (
            "api_url: https://login.mypurecloud.com",
            "api_url",
            "does not allow the host",
        ),
        (
            "api_url: https://api.mypurecloud.ie",
            "api_url",
            "Set environment: mypurecloud.ie",
        ),
        ("api_url: api.mypurecloud.com", "api_url", "not a URL"),
        (
            "api_url: ftp://api.mypurecloud.com",
            "api_url",
            "not an https URL",
        ),
        (
            "login_url: https://login.example.com",
            "login_url",
            "parameter AllowedGenesysHosts",
        ),
        (
            "login_url: http://127.0.0.1:1",
            "login_url",
            "add 127.0.0.1:1 to",
        ),
    ] {
        assert_refused(
            &organization(field),
            &none,
            &format!("organization.{at}"),
            says,
        );
    }
    accepted(&organization("api_url: https://api.mypurecloud.com"), &none);
    accepted(
        &organization("api_url: https://API.mypurecloud.com:443/"),
        &none,
    );
}

#[test]
fn allowed_hosts_may_be_used_and_plain_http_only_on_loopback() {
    let allow = |host: &str| Bounds {
        allowed_hosts: vec![host.into()],
        ..bounds()
    };
    let local = organization("api_url: http://127.0.0.1:4010");
    let manifest = accepted(&local, &allow("127.0.0.1:4010"));
    assert_eq!(
        manifest.organization.login_url.as_str(),
        "http://127.0.0.1:4010/"
    );
    accepted(&local, &allow("127.0.0.1"));
    assert_refused(
        &local,
        &allow("127.0.0.1:4011"),
        "organization.api_url",
        "add 127.0.0.1:4010 to",
    );
    accepted(
        &organization("api_url: http://localhost:1"),
        &allow("localhost"),
    );
    accepted(
        &organization("api_url: 'http://[::1]:1'"),
        &allow("[::1]:1"),
    );
    let proxy = allow("proxy.example.com");
    accepted(&organization("api_url: https://proxy.example.com"), &proxy);
    assert_refused(
        &organization("api_url: http://proxy.example.com"),
        &proxy,
        "organization.api_url",
        "plain HTTP",
    );
    // The secret goes to the login host, so a derived one must be allowed as well.
    assert_refused(
        &organization("api_url: https://api.example.com"),
        &allow("api.example.com"),
        "organization.login_url",
        "login.example.com",
    );
}

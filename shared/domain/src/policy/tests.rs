//! Each equivalence and each non-equivalence has its case: a wrong "equal" leaves a door open, a
//! wrong "different" makes a write on every run.

use serde_json::{Value, json};

use super::{
    Document, INVOKE_POLICY_NAME, decode, granted, invoke_policy, same_meaning, trust_policy,
};
use crate::arn::FunctionArn;

const ORGANIZATION: &str = "3b2c5b50-8e6f-4f4e-9b1a-2f8f0a1b2c3d";
const ONE: &str = "arn:aws:lambda:us-east-1:123456789012:function:One";
const TWO: &str = "arn:aws:lambda:us-east-1:123456789012:function:Two:live";

fn trust() -> Value {
    trust_policy("aws", "765628985471", &ORGANIZATION.parse().unwrap())
}

fn functions(arns: &[&str]) -> Vec<FunctionArn> {
    arns.iter().map(|arn| arn.parse().unwrap()).collect()
}

fn invoke(arns: &[&str]) -> Value {
    invoke_policy(&functions(arns))
}

/// The trust policy with one element of its statement replaced.
fn trust_with(element: &str, value: Value) -> Value {
    let mut document = trust();
    document["Statement"][0][element] = value;
    document
}

#[test]
fn the_trust_policy_names_one_account_one_action_and_the_external_id() {
    assert_eq!(
        trust(),
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "GenesysCloudOfThisOrganization",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::765628985471:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": ORGANIZATION}},
            }],
        })
    );
}

#[test]
fn the_trust_policy_of_another_partition_names_its_own_root() {
    let document = trust_policy("aws-us-gov", "325654371633", &ORGANIZATION.parse().unwrap());
    assert_eq!(
        document["Statement"][0]["Principal"]["AWS"],
        "arn:aws-us-gov:iam::325654371633:root"
    );
}

#[test]
fn the_invoke_policy_lists_each_function_once_in_order() {
    let document = invoke(&[TWO, ONE, TWO]);
    assert_eq!(document["Statement"][0]["Resource"], json!([ONE, TWO]));
    assert_eq!(document["Statement"][0]["Action"], "lambda:InvokeFunction");
}

#[test]
fn the_invoke_policy_of_no_function_grants_nothing() {
    let document = invoke(&[]);
    assert_eq!(document["Statement"][0]["Effect"], "Deny");
    let grants = granted(&document);
    assert!(
        grants.functions.is_empty() && grants.wider.is_empty(),
        "{grants:?}"
    );
}

#[test]
fn spellings_of_one_trust_policy_mean_the_same() {
    let account_number = trust_with("Principal", json!({"AWS": "765628985471"}));
    let principal_list = trust_with(
        "Principal",
        json!({"AWS": ["arn:aws:iam::765628985471:root"]}),
    );
    let both_spellings = trust_with(
        "Principal",
        json!({"AWS": ["arn:aws:iam::765628985471:root", "765628985471"]}),
    );
    let action_list = trust_with("Action", json!(["sts:AssumeRole"]));
    let action_case = trust_with("Action", json!("STS:assumerole"));
    let other_sid = trust_with("Sid", json!("Another"));
    let id_list = trust_with(
        "Condition",
        json!({"StringEquals": {"sts:ExternalId": [ORGANIZATION]}}),
    );
    let key_case = trust_with(
        "Condition",
        json!({"StringEquals": {"STS:externalid": ORGANIZATION}}),
    );
    let no_list = {
        let mut document = trust();
        document["Statement"] = document["Statement"][0].clone();
        document
    };
    let without_sid = {
        let mut document = trust();
        document["Statement"][0]
            .as_object_mut()
            .unwrap()
            .remove("Sid");
        document
    };
    let twice = {
        let mut document = trust();
        let statement = document["Statement"][0].clone();
        document["Statement"] = json!([statement.clone(), statement]);
        document
    };
    let old_version = {
        let mut document = trust();
        document["Version"] = json!("2008-10-17");
        document["Id"] = json!("an-id");
        document
    };
    for (name, document) in [
        ("an account number for its root", account_number),
        ("a list of one principal", principal_list),
        ("one principal in two spellings", both_spellings),
        ("a list of one action", action_list),
        ("another case of the action", action_case),
        ("another sid", other_sid),
        ("no sid", without_sid),
        ("a list of one value", id_list),
        ("another case of the condition key", key_case),
        ("a statement without its list", no_list),
        ("a statement twice", twice),
        ("the older version, without variables", old_version),
    ] {
        assert!(same_meaning(&trust(), &document), "{name}: {document}");
    }
}

#[test]
fn another_trust_policy_never_means_the_same() {
    let second = trust_with(
        "Principal",
        json!({"AWS": ["arn:aws:iam::765628985471:root", "arn:aws:iam::111122223333:root"]}),
    );
    let role_of_account = trust_with(
        "Principal",
        json!({"AWS": "arn:aws:iam::765628985471:role/x"}),
    );
    let everyone = trust_with("Principal", json!("*"));
    let service = trust_with("Principal", json!({"Service": "765628985471"}));
    let like = trust_with(
        "Condition",
        json!({"StringLike": {"sts:ExternalId": ORGANIZATION}}),
    );
    let if_exists = trust_with(
        "Condition",
        json!({"StringEqualsIfExists": {"sts:ExternalId": ORGANIZATION}}),
    );
    let two_ids = trust_with(
        "Condition",
        json!({"StringEquals": {"sts:ExternalId": [ORGANIZATION, "x"]}}),
    );
    let other_id = trust_with(
        "Condition",
        json!({"StringEquals": {"sts:ExternalId": "x"}}),
    );
    let id_case = trust_with(
        "Condition",
        json!({"StringEquals": {"sts:ExternalId": ORGANIZATION.to_uppercase()}}),
    );
    let more_actions = trust_with("Action", json!(["sts:AssumeRole", "sts:TagSession"]));
    let wild = trust_with("Action", json!("sts:*"));
    let deny = trust_with("Effect", json!("Deny"));
    let no_id = {
        let mut document = trust();
        document["Statement"][0]
            .as_object_mut()
            .unwrap()
            .remove("Condition");
        document
    };
    let swapped = |plain: &str, negated: &str| {
        let mut document = trust();
        let statement = document["Statement"][0].as_object_mut().unwrap();
        let value = statement.remove(plain).unwrap();
        statement.insert(negated.to_owned(), value);
        document
    };
    let and_another = |statement: Value| {
        let mut document = trust();
        document["Statement"]
            .as_array_mut()
            .unwrap()
            .push(statement);
        document
    };
    for (name, document) in [
        ("a second principal", second),
        ("a role instead of the account", role_of_account),
        ("everyone", everyone),
        ("another kind of principal", service),
        ("a pattern for the external id", like),
        ("an optional external id", if_exists),
        ("a second external id", two_ids),
        ("another external id", other_id),
        ("another case of the external id", id_case),
        ("no external id", no_id),
        ("one more action", more_actions),
        ("all actions", wild),
        ("a denial", deny),
        ("all but the action", swapped("Action", "NotAction")),
        (
            "all but the principal",
            swapped("Principal", "NotPrincipal"),
        ),
        (
            "a second statement",
            and_another(
                json!({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}),
            ),
        ),
        (
            "a denial beside it",
            and_another(json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"})),
        ),
    ] {
        assert!(Document::of(&document).is_ok(), "{name} is well formed");
        assert!(!same_meaning(&trust(), &document), "{name}: {document}");
    }
}

#[test]
fn two_statements_that_differ_in_their_resource_mean_one_with_both() {
    let statement =
        |arn: &str| json!({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn});
    let split = json!({"Version": "2012-10-17", "Statement": [statement(TWO), statement(ONE)]});
    assert!(same_meaning(&split, &invoke(&[ONE, TWO])));
    assert!(!same_meaning(&split, &invoke(&[ONE])));
}

#[test]
fn statements_about_all_but_a_resource_are_never_merged() {
    let statement = |arn: &str| json!({"Effect": "Allow", "Action": "lambda:InvokeFunction", "NotResource": arn});
    let split = json!({"Version": "2012-10-17", "Statement": [statement(ONE), statement(TWO)]});
    let together = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "NotResource": [ONE, TWO]}
    ]});
    assert!(!same_meaning(&split, &together));
}

#[test]
fn the_version_matters_where_variables_are_used() {
    let document = |version: &str| {
        json!({"Version": version, "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:username}"}
        ]})
    };
    assert!(same_meaning(
        &document("2012-10-17"),
        &document("2012-10-17")
    ));
    assert!(!same_meaning(
        &document("2012-10-17"),
        &document("2008-10-17")
    ));
}

#[test]
fn what_is_not_understood_equals_nothing() {
    let unknown_element = {
        let mut document = trust();
        document["Statement"][0]["Whatever"] = json!("x");
        document
    };
    let key_in_two_spellings = trust_with(
        "Condition",
        json!({"StringEquals": {"sts:ExternalId": ORGANIZATION, "sts:externalid": "x"}}),
    );
    for document in [
        unknown_element,
        key_in_two_spellings,
        json!("text"),
        json!({}),
        json!({"Statement": "x"}),
        json!({"Statement": [1]}),
        trust_with("Effect", json!("Perhaps")),
        trust_with("Action", json!({"a": 1})),
        trust_with("Principal", json!("123456789012")),
    ] {
        assert!(!same_meaning(&document, &document), "{document}");
        assert!(!granted(&document).wider.is_empty(), "{document}");
    }
}

#[test]
fn a_percent_encoded_document_is_decoded() {
    let text = trust().to_string();
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(decode(&encoded), trust());
    assert_eq!(decode(&text), trust());
}

#[test]
fn a_plus_sign_in_an_encoded_document_stays_a_plus_sign() {
    assert_eq!(decode("%7B%22a%22:%22x+y%22%7D"), json!({"a": "x+y"}));
}

#[test]
fn a_text_that_is_no_document_does_not_become_one() {
    for text in ["", "%", "%7", "%7B", "%zz", "nonsense", "{", "%E4%B8"] {
        assert!(decode(text).is_string(), "{text}");
    }
}

#[test]
fn exact_functions_are_distinguished_from_patterns() {
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["lambda:invokefunction"], "Resource": [ONE, "*"]},
        {"Effect": "Allow", "Action": "lambda:*", "Resource": TWO},
        {"Effect": "Allow", "NotAction": "lambda:InvokeFunction", "Resource": TWO},
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "NotResource": TWO},
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": TWO,
         "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ]});
    let grants = granted(&document);
    assert_eq!(grants.functions, functions(&[ONE]).into_iter().collect());
    assert_eq!(grants.wider.len(), 5, "{:?}", grants.wider);
    assert!(
        grants
            .wider
            .contains(&"lambda:InvokeFunction on *".to_owned())
    );
}

#[test]
fn a_function_pattern_or_latest_is_not_an_exact_function() {
    for resource in [
        "arn:aws:lambda:us-east-1:123456789012:function:*",
        "arn:aws:lambda:us-east-1:123456789012:function:One:*",
        "arn:aws:lambda:us-east-1:123456789012:function:One:$LATEST",
    ] {
        let grants = granted(&json!({"Statement": {
            "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": resource
        }}));
        assert!(grants.functions.is_empty(), "{resource}");
        assert_eq!(grants.wider.len(), 1, "{resource}");
    }
}

#[test]
fn the_name_of_our_policy_is_a_valid_policy_name() {
    assert!(INVOKE_POLICY_NAME.len() <= 128);
    assert!(
        INVOKE_POLICY_NAME
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    );
}

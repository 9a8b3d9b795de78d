//! Limits and documents of IAM, and who may assume a role.

use crate::case::{Case, answer};
use crate::world::{Kind, World, trust};

const QUOTAS: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html";
const CREATE: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html";
const PUT: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html";
const GET: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html";
const ASSUME: &str = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html";
const THIRD: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html";

/// A policy with this many characters that are no white space.
fn policy(characters: usize, indent: &str) -> String {
    let open = r#"{"Version":"2012-10-17","Statement":[{"Sid":""#;
    let close = r#"","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    let sid = "a".repeat(characters - open.len() - close.len());
    format!("{indent}{open}{sid}{close}")
}

async fn put(world: &World, role: &str, name: &str, document: String) -> String {
    let put = world.iam().put_role_policy().role_name(role);
    let put = put.policy_name(name).policy_document(document);
    answer(&put.send().await)
}

/// What another account is answered that wants a role with this external id.
async fn assume(world: &World, role: &str, external_id: Option<&str>) -> String {
    let sts = aws_sdk_sts::Client::new(&world.stranger);
    let assume = sts.assume_role().role_arn(role).role_session_name("same");
    let assume = assume.set_external_id(external_id.map(str::to_owned));
    answer(&assume.send().await)
}

pub const CASES: &[Case] = &[
    Case {
        done: "An inline policy of 10,240 characters, and one of 10,241",
        aws: "done, 409 LimitExceeded",
        source: QUOTAS,
        differs: &[(Kind::Ministack, "done, done"), (Kind::Moto, "done, done")],
        run: |world| {
            Box::pin(async move {
                let (role, _) = world.role(None).await;
                let fits = put(&world, &role, "p", policy(10_240, "")).await;
                let (role, _) = world.role(None).await;
                let too_large = put(&world, &role, "p", policy(10_241, "")).await;
                format!("{fits}, {too_large}")
            })
        },
    },
    Case {
        done: "An inline policy of 10,000 characters and 1,000 of white space",
        aws: "done",
        source: QUOTAS,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (role, _) = world.role(None).await;
                put(&world, &role, "p", policy(10_000, &" ".repeat(1_000))).await
            })
        },
    },
    Case {
        done: "Two inline policies of 6,000 characters on one role",
        aws: "done, 409 LimitExceeded",
        source: QUOTAS,
        differs: &[(Kind::Ministack, "done, done"), (Kind::Moto, "done, done")],
        run: |world| {
            Box::pin(async move {
                let (role, _) = world.role(None).await;
                let first = put(&world, &role, "p", policy(6_000, "")).await;
                let second = put(&world, &role, "q", policy(6_000, "")).await;
                format!("{first}, {second}")
            })
        },
    },
    Case {
        done: "A trust policy of more than 2,048 characters",
        aws: "409 LimitExceeded",
        source: QUOTAS,
        differs: &[(Kind::Ministack, "done"), (Kind::Moto, "done")],
        run: |world| {
            Box::pin(async move {
                let create = world.iam().create_role().role_name(world.name());
                let trust = trust(Some(&"x".repeat(2_048)));
                answer(&create.assume_role_policy_document(trust).send().await)
            })
        },
    },
    Case {
        done: "An inline policy that is no JSON",
        aws: "400 MalformedPolicyDocument",
        source: PUT,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (role, _) = world.role(None).await;
                put(&world, &role, "p", "{\"Version\":".to_owned()).await
            })
        },
    },
    Case {
        done: "An inline policy whose statement has no effect",
        aws: "400 MalformedPolicyDocument",
        source: PUT,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (role, _) = world.role(None).await;
                let policy = policy(200, "").replace("\"Effect\":\"Allow\",", "");
                put(&world, &role, "p", policy).await
            })
        },
    },
    Case {
        done: "An inline policy with an element that the grammar does not have",
        aws: "400 MalformedPolicyDocument",
        source: PUT,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (role, _) = world.role(None).await;
                let policy = policy(200, "").replace("\"Action\"", "\"Actions\"");
                put(&world, &role, "p", policy).await
            })
        },
    },
    Case {
        done: "An inline policy with a principal",
        aws: "400 MalformedPolicyDocument",
        source: PUT,
        differs: &[(Kind::Ministack, "done"), (Kind::Moto, "done")],
        run: |world| {
            Box::pin(async move {
                let (role, _) = world.role(None).await;
                let with = "\"Principal\":\"*\",\"Effect\"";
                put(
                    &world,
                    &role,
                    "p",
                    policy(200, "").replace("\"Effect\"", with),
                )
                .await
            })
        },
    },
    Case {
        done: "A trust policy with a resource",
        aws: "400 MalformedPolicyDocument",
        source: CREATE,
        differs: &[(Kind::Ministack, "done"), (Kind::Moto, "done")],
        run: |world| {
            Box::pin(async move {
                let create = world.iam().create_role().role_name(world.name());
                let trust = trust(None).replace("\"Effect\"", "\"Resource\": \"*\", \"Effect\"");
                answer(&create.assume_role_policy_document(trust).send().await)
            })
        },
    },
    Case {
        done: "A role of the same name, and one that differs in case alone",
        aws: "409 EntityAlreadyExists, 409 EntityAlreadyExists",
        source: CREATE,
        differs: &[
            (Kind::Ministack, "409 EntityAlreadyExists, done"),
            (Kind::Moto, "409 EntityAlreadyExists, done"),
        ],
        run: |world| {
            Box::pin(async move {
                let (role, _) = world.role(None).await;
                let mut seen = Vec::new();
                for name in [role.clone(), role.to_uppercase()] {
                    let create = world.iam().create_role().role_name(name);
                    let create = create.assume_role_policy_document(trust(None));
                    seen.push(answer(&create.send().await));
                }
                seen.join(", ")
            })
        },
    },
    Case {
        done: "`GetRole` of a role that does not exist",
        aws: "404 NoSuchEntity",
        source: GET,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let get = world.iam().get_role().role_name("same-nowhere");
                answer(&get.send().await)
            })
        },
    },
    Case {
        done: "How `GetRole` and `GetRolePolicy` write a document",
        aws: "encoded, encoded",
        source: GET,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (role, _) = world.role(None).await;
                put(&world, &role, "p", policy(200, "")).await;
                let iam = world.iam();
                let read = iam.get_role().role_name(&role).send().await;
                let read = read.expect("a role").role.expect("a role");
                let trust = read.assume_role_policy_document.unwrap_or_default();
                let read = iam.get_role_policy().role_name(&role).policy_name("p");
                let read = read.send().await.expect("a policy").policy_document;
                let written = |text: String| {
                    if text.starts_with("%7B") {
                        "encoded"
                    } else {
                        "plain"
                    }
                };
                format!("{}, {}", written(trust), written(read))
            })
        },
    },
    Case {
        done: "A role with 51 tags",
        aws: "409 LimitExceeded",
        source: QUOTAS,
        differs: &[(Kind::Ministack, "done"), (Kind::Moto, "done")],
        run: |world| {
            Box::pin(async move {
                let (role, _) = world.role(None).await;
                let mut seen = String::new();
                // One call takes 50 at most.
                for numbers in [0..50, 50..51] {
                    let tags = numbers.map(|number| {
                        let tag = aws_sdk_iam::types::Tag::builder().key(format!("k{number}"));
                        tag.value("v").build().expect("a tag")
                    });
                    let tag = world.iam().tag_role().role_name(&role);
                    seen = answer(&tag.set_tags(Some(tags.collect())).send().await);
                }
                seen
            })
        },
    },
    Case {
        done: "`AssumeRole` with the right external id, a wrong one, and none",
        aws: "done, 403 AccessDenied, 403 AccessDenied",
        source: THIRD,
        differs: &[(Kind::Moto, "done, done, done")],
        run: |world| {
            Box::pin(async move {
                let (_, arn) = world.role(Some("an-organization")).await;
                let right = assume(&world, &arn, Some("an-organization")).await;
                let wrong = assume(&world, &arn, Some("another-one")).await;
                let none = assume(&world, &arn, None).await;
                format!("{right}, {wrong}, {none}")
            })
        },
    },
    Case {
        done: "`AssumeRole` with an external id of another case",
        aws: "403 AccessDenied",
        source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
        differs: &[(Kind::Moto, "done")],
        run: |world| {
            Box::pin(async move {
                let (_, arn) = world.role(Some("an-organization")).await;
                assume(&world, &arn, Some("An-Organization")).await
            })
        },
    },
    Case {
        done: "`AssumeRole` of a role that does not exist",
        aws: "403 AccessDenied",
        source: "https://repost.aws/knowledge-center/iam-assume-role-error",
        differs: &[(Kind::Moto, "done")],
        run: |world| {
            Box::pin(async move {
                let (_, arn) = world.role(None).await;
                assume(&world, &format!("{arn}-nowhere"), None).await
            })
        },
    },
    Case {
        done: "`AssumeRole` for 899 seconds",
        aws: "400 ValidationError",
        source: ASSUME,
        differs: &[(Kind::Ministack, "done"), (Kind::Moto, "done")],
        run: |world| {
            Box::pin(async move {
                let (_, arn) = world.role(None).await;
                let sts = aws_sdk_sts::Client::new(&world.stranger);
                let assume = sts.assume_role().role_arn(arn).role_session_name("same");
                answer(&assume.duration_seconds(899).send().await)
            })
        },
    },
];

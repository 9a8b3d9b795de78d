//! Staging labels and tokens of Secrets Manager.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::put_secret_value::builders::PutSecretValueFluentBuilder;
use aws_sdk_secretsmanager::operation::update_secret_version_stage::builders::UpdateSecretVersionStageFluentBuilder;
use aws_sdk_secretsmanager::types::SecretVersionsListEntry;

use crate::case::{Case, answer};
use crate::world::{Kind, World};

const CREATE: &str =
    "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html";
const PUT: &str =
    "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html";
const GET: &str =
    "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html";
const MOVE: &str = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html";
const LIST: &str =
    "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html";

const ONE: &str = "11111111-1111-1111-1111-111111111111";
const TWO: &str = "22222222-2222-2222-2222-222222222222";
const THREE: &str = "33333333-3333-3333-3333-333333333333";

/// A client, and a secret whose version one is current.
async fn with_secret(world: &World) -> (Client, String) {
    (world.secrets(), world.secret(ONE, "one").await)
}

fn put(client: &Client, secret: &str, version: &str, value: &str) -> PutSecretValueFluentBuilder {
    let put = client.put_secret_value().secret_id(secret);
    put.client_request_token(version).secret_string(value)
}

async fn pending(client: &Client, secret: &str) {
    let put = put(client, secret, TWO, "two").version_stages("AWSPENDING");
    put.send().await.expect("a pending version");
}

fn move_current(client: &Client, secret: &str) -> UpdateSecretVersionStageFluentBuilder {
    let update = client.update_secret_version_stage().secret_id(secret);
    update.version_stage("AWSCURRENT")
}

/// The labels of each version that a case made.
async fn labels(client: &Client, secret: &str) -> String {
    let described = client.describe_secret().secret_id(secret).send().await;
    let described = described.expect("a description");
    let stages = described.version_ids_to_stages.unwrap_or_default();
    let mut seen: Vec<String> = stages
        .into_iter()
        .filter(|(version, _)| [ONE, TWO, THREE].contains(&version.as_str()))
        .map(|(version, mut labels)| {
            labels.sort();
            let labels = if labels.is_empty() {
                "unlabelled".to_owned()
            } else {
                labels.join(" ")
            };
            format!("{} {labels}", &version[..1])
        })
        .collect();
    seen.sort();
    seen.join(", ")
}

/// The versions that a case made.
fn ids(versions: &[SecretVersionsListEntry]) -> String {
    let ids = versions
        .iter()
        .filter_map(SecretVersionsListEntry::version_id);
    let made = ids.filter(|id| [ONE, TWO, THREE].contains(id));
    let mut ids: Vec<&str> = made.map(|id| &id[..1]).collect();
    ids.sort_unstable();
    ids.join(" ")
}

pub const CASES: &[Case] = &[
    Case {
        done: "`CreateSecret` with a token: whether it is the version's id",
        aws: "true",
        source: CREATE,
        differs: &[(Kind::Ministack, "false")],
        run: |world| {
            Box::pin(async move {
                let create = world.secrets().create_secret().name(world.name());
                let create = create.client_request_token(ONE).secret_string("one");
                let created = create.send().await.expect("a secret");
                (created.version_id() == Some(ONE)).to_string()
            })
        },
    },
    Case {
        done: "`PutSecretValue` without labels",
        aws: "1 AWSPREVIOUS, 2 AWSCURRENT",
        source: PUT,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                let made = put(&client, &secret, TWO, "two").send().await;
                made.expect("a version");
                labels(&client, &secret).await
            })
        },
    },
    Case {
        done: "`PutSecretValue` with AWSPENDING",
        aws: "1 AWSCURRENT, 2 AWSPENDING",
        source: PUT,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                pending(&client, &secret).await;
                labels(&client, &secret).await
            })
        },
    },
    Case {
        done: "`PutSecretValue` again with the same token and value",
        aws: "done; 1 AWSCURRENT, 2 AWSPENDING",
        source: PUT,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                pending(&client, &secret).await;
                let again = put(&client, &secret, TWO, "two").version_stages("AWSPENDING");
                let again = answer(&again.send().await);
                format!("{again}; {}", labels(&client, &secret).await)
            })
        },
    },
    Case {
        done: "`PutSecretValue` again with the same token and another value",
        aws: "400 ResourceExistsException; 1 AWSCURRENT, 2 AWSPENDING",
        source: PUT,
        differs: &[
            (Kind::Ministack, "done; 1 AWSCURRENT, 2 AWSPENDING"),
            (Kind::Moto, "done; 1 AWSCURRENT, 2 AWSPENDING"),
        ],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                pending(&client, &secret).await;
                let again = put(&client, &secret, TWO, "other").version_stages("AWSPENDING");
                let again = answer(&again.send().await);
                format!("{again}; {}", labels(&client, &secret).await)
            })
        },
    },
    Case {
        done: "`PutSecretValue` with AWSPENDING, which another version has",
        aws: "1 AWSCURRENT, 3 AWSPENDING",
        source: PUT,
        differs: &[
            (Kind::Ministack, "1 AWSCURRENT, 2 AWSPENDING, 3 AWSPENDING"),
            (Kind::Moto, "1 AWSCURRENT, 2 unlabelled, 3 AWSPENDING"),
        ],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                pending(&client, &secret).await;
                let third = put(&client, &secret, THREE, "three").version_stages("AWSPENDING");
                third.send().await.expect("a third version");
                labels(&client, &secret).await
            })
        },
    },
    Case {
        done: "AWSCURRENT moved from the version that has it",
        aws: "done; 1 AWSPREVIOUS, 2 AWSCURRENT AWSPENDING",
        source: MOVE,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                pending(&client, &secret).await;
                let moved = move_current(&client, &secret).move_to_version_id(TWO);
                let moved = moved.remove_from_version_id(ONE).send().await;
                let moved = answer(&moved);
                format!("{moved}; {}", labels(&client, &secret).await)
            })
        },
    },
    Case {
        done: "AWSCURRENT moved without saying from where",
        aws: "400 InvalidParameterException; 1 AWSCURRENT, 2 AWSPENDING",
        source: MOVE,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                pending(&client, &secret).await;
                let moved = move_current(&client, &secret).move_to_version_id(TWO);
                let moved = answer(&moved.send().await);
                format!("{moved}; {}", labels(&client, &secret).await)
            })
        },
    },
    Case {
        done: "AWSCURRENT moved from a version that does not have it",
        aws: "400 InvalidParameterException; 1 AWSCURRENT, 2 AWSPENDING",
        source: MOVE,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                pending(&client, &secret).await;
                let moved = move_current(&client, &secret).move_to_version_id(TWO);
                let moved = moved.remove_from_version_id(TWO).send().await;
                let moved = answer(&moved);
                format!("{moved}; {}", labels(&client, &secret).await)
            })
        },
    },
    Case {
        done: "AWSPENDING removed from its version",
        aws: "done; 1 AWSCURRENT",
        source: MOVE,
        differs: &[(Kind::Moto, "done; 1 AWSCURRENT, 2 unlabelled")],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                pending(&client, &secret).await;
                let update = client.update_secret_version_stage().secret_id(&secret);
                let update = update.version_stage("AWSPENDING");
                let removed = update.remove_from_version_id(TWO).send().await;
                let removed = answer(&removed);
                format!("{removed}; {}", labels(&client, &secret).await)
            })
        },
    },
    Case {
        done: "`ListSecretVersionIds`: whether versions without a label are omitted",
        aws: "1, then 1 2",
        source: LIST,
        differs: &[
            (Kind::Ministack, "1 2, then 1 2"),
            (Kind::Moto, "1 2, then 1 2"),
        ],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                pending(&client, &secret).await;
                let update = client.update_secret_version_stage().secret_id(&secret);
                let update = update.version_stage("AWSPENDING");
                let removed = update.remove_from_version_id(TWO).send().await;
                removed.expect("it has no label");
                let list = client.list_secret_version_ids().secret_id(&secret);
                let labelled = list.clone().send().await.expect("a list");
                let all = list.include_deprecated(true).send().await.expect("a list");
                format!("{}, then {}", ids(labelled.versions()), ids(all.versions()))
            })
        },
    },
    Case {
        done: "`GetSecretValue` by a label that no version has",
        aws: "400 ResourceNotFoundException",
        source: GET,
        differs: &[(Kind::Moto, "404 ResourceNotFoundException")],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                let get = client.get_secret_value().secret_id(secret);
                answer(&get.version_stage("AWSPENDING").send().await)
            })
        },
    },
    Case {
        done: "`GetSecretValue` of a version with a label that it does not have",
        aws: "400 InvalidRequestException",
        source: GET,
        differs: &[
            (Kind::Ministack, "done"),
            (Kind::Moto, "404 InvalidRequestException"),
        ],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                pending(&client, &secret).await;
                let get = client.get_secret_value().secret_id(secret);
                let get = get.version_id(TWO).version_stage("AWSCURRENT");
                answer(&get.send().await)
            })
        },
    },
    Case {
        done: "`GetSecretValue` of a secret that does not exist",
        aws: "400 ResourceNotFoundException",
        source: GET,
        differs: &[(Kind::Moto, "404 ResourceNotFoundException")],
        run: |world| {
            Box::pin(async move {
                let get = world.secrets().get_secret_value().secret_id("same-nowhere");
                answer(&get.send().await)
            })
        },
    },
    Case {
        done: "`PutSecretValue` with a token of five characters",
        aws: "400 InvalidParameterException",
        source: PUT,
        differs: &[(Kind::Ministack, "done")],
        run: |world| {
            Box::pin(async move {
                let (client, secret) = with_secret(&world).await;
                answer(&put(&client, &secret, "short", "two").send().await)
            })
        },
    },
];

//! One set of questions to everything that stands in for AWS: the in-memory AWS, ministack and moto. Where one
//! of them answers otherwise than AWS documents, the case says so, and `docs/aws-in-memory.md` has it in a table.

mod case;
mod emulator;
mod events;
mod iam;
mod s3;
mod secrets;
mod sqs;
mod world;

use crate::case::Case;
use crate::emulator::{Emulator, MINISTACK, MOTO};
use crate::world::{Kind, World};

/// All cases, by service.
const CASES: [(&str, &[Case]); 5] = [
    ("S3", s3::CASES),
    ("Secrets Manager", secrets::CASES),
    ("SQS", sqs::CASES),
    ("IAM and STS", iam::CASES),
    ("EventBridge", events::CASES),
];

/// Each case that is answered otherwise than the table says, with both answers.
async fn surprises(world: World) -> Vec<String> {
    let mut found = Vec::new();
    for case in CASES.iter().flat_map(|(_, cases)| cases.iter()) {
        let answered = (case.run)(world.clone()).await;
        let expected = case.of(world.kind);
        if answered != expected {
            found.push(format!(
                "{}: {answered}; the table has {expected}",
                case.done
            ));
        }
    }
    found
}

async fn emulated(kind: Kind, emulator: &'static Emulator) -> Vec<String> {
    let running = emulator.start().await;
    surprises(World::emulated(kind, &running.endpoint)).await
}

#[tokio::test(start_paused = true)]
async fn the_in_memory_aws_answers_as_aws_documents() {
    let found = surprises(World::in_memory()).await;
    assert_eq!(found, Vec::<String>::new(), "{found:#?}");
}

#[tokio::test]
async fn ministack_answers_as_the_table_says() {
    let found = emulated(Kind::Ministack, &MINISTACK).await;
    assert_eq!(found, Vec::<String>::new(), "{found:#?}");
}

#[tokio::test]
async fn moto_answers_as_the_table_says() {
    let found = emulated(Kind::Moto, &MOTO).await;
    assert_eq!(found, Vec::<String>::new(), "{found:#?}");
}

#[test]
fn the_document_has_the_tables() {
    let page = include_str!("../../../../docs/aws-in-memory.md");
    let tables = tables();
    assert!(
        page.ends_with(&tables),
        "the page should end with:\n{tables}"
    );
}

fn tables() -> String {
    let (ministack, moto) = (MINISTACK.version(), MOTO.version());
    let mut tables = String::new();
    for (service, cases) in CASES {
        let head = format!(
            "\n## {service}\n\n| what is done | AWS documents | in memory | ministack {ministack} | moto {moto} |\n\
             |---|---|---|---|---|\n"
        );
        tables.push_str(&head);
        for case in cases {
            tables.push_str(&case.row());
            tables.push('\n');
        }
    }
    tables
}

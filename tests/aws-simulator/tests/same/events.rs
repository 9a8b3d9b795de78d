//! Limits of EventBridge.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_eventbridge::types::builders::PutEventsRequestEntryBuilder;

use crate::case::{Case, answer};
use crate::world::{Kind, World};

const PUT: &str = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html";
const ENTRY: &str =
    "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html";
const RESULT: &str =
    "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html";

fn entry() -> PutEventsRequestEntryBuilder {
    let entry = PutEventsRequestEntry::builder().source("same");
    entry.detail_type("Something Happened").detail("{}")
}

/// The answer, with the failed entries' count and the codes of all.
async fn put(world: &World, entries: Vec<PutEventsRequestEntryBuilder>) -> String {
    let bus = aws_sdk_eventbridge::Client::new(&world.sdk);
    let mut put = bus.put_events();
    for entry in entries {
        put = put.entries(entry.build());
    }
    let result = put.send().await;
    match &result {
        Ok(done) => {
            let codes: Vec<&str> = done
                .entries()
                .iter()
                .map(|entry| entry.error_code().unwrap_or("done"))
                .collect();
            format!("{} failed: {}", done.failed_entry_count(), codes.join(" "))
        }
        Err(_) => answer(&result),
    }
}

pub const CASES: &[Case] = &[
    Case {
        done: "`PutEvents` with eleven entries",
        aws: "400 ValidationException",
        source: PUT,
        differs: &[],
        run: |world| Box::pin(async move { put(&world, vec![entry(); 11]).await }),
    },
    Case {
        done: "`PutEvents` with a detail that is no JSON, beside a right one",
        aws: "1 failed: MalformedDetail done",
        source: RESULT,
        differs: &[(Kind::Ministack, "0 failed: done done")],
        run: |world| Box::pin(async move { put(&world, vec![entry().detail("{"), entry()]).await }),
    },
    Case {
        done: "`PutEvents` with a detail that is JSON and no object, beside a right one",
        aws: "1 failed: MalformedDetail done",
        source: ENTRY,
        differs: &[
            (Kind::Ministack, "0 failed: done done"),
            (Kind::Moto, "0 failed: done done"),
        ],
        run: |world| {
            Box::pin(async move { put(&world, vec![entry().detail("[]"), entry()]).await })
        },
    },
    Case {
        done: "`PutEvents` with an entry without a source, beside a right one",
        aws: "1 failed: InvalidArgument done",
        source: ENTRY,
        differs: &[(Kind::Ministack, "0 failed: done done")],
        run: |world| {
            Box::pin(async move { put(&world, vec![entry().set_source(None), entry()]).await })
        },
    },
    Case {
        done: "`PutEvents` with an entry of 300 KB",
        aws: "0 failed: done",
        source: PUT,
        differs: &[],
        run: |world| {
            Box::pin(async move {
                let detail = format!("{{\"a\": \"{}\"}}", "x".repeat(300_000));
                put(&world, vec![entry().detail(detail)]).await
            })
        },
    },
    Case {
        done: "`PutEvents` with an entry of 1,100,000 bytes",
        aws: "400 ValidationException",
        source: PUT,
        differs: &[
            (Kind::Ministack, "0 failed: done"),
            (Kind::Moto, "0 failed: done"),
        ],
        run: |world| {
            Box::pin(async move {
                let detail = format!("{{\"a\": \"{}\"}}", "x".repeat(1_100_000));
                put(&world, vec![entry().detail(detail)]).await
            })
        },
    },
];

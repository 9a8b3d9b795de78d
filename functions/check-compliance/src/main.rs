//! The `check-compliance` Lambda function: wiring only.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lockstep::runtime::run(
        lockstep::runtime::Edge::Compliance,
        check_compliance::handle,
    )
    .await
}

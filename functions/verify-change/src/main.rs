//! The `verify-change` Lambda function: wiring only.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lockstep::runtime::run(verify_change::handle).await
}

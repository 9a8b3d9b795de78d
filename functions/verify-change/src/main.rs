//! The `verify-change` Lambda function: wiring only.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lockstep::runtime::run_together(verify_change::prepare, verify_change::handle).await
}

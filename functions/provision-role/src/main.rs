//! The Lambda function: wiring only.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lockstep::runtime::run(provision_role::handle).await
}

//! The Lambda function: wiring only.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lockstep::runtime::run(lockstep::runtime::Edge::Provision, provision_role::handle).await
}

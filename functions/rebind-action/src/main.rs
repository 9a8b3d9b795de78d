//! Wiring only: the handler is [`rebind_action::handle`].

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    lockstep::runtime::run(rebind_action::handle).await
}

//! Two integrations, each of a web service of its own, with the values of one secret.

use serde_json::Value;
use simulation::WebService;
use simulation::story::{Called, Canary, Error, Options, Stage as _, login};

use crate::World;

/// One of many passwords, like nothing else that is written anywhere.
pub(crate) fn password(number: u32) -> String {
    format!("pw-{number}-7d1c4b")
}

/// The integrations `erp` and `crm`, bound and proved.
pub(crate) struct Bound {
    pub(crate) world: World,
    pub(crate) services: [WebService; 2],
    pub(crate) called: [Called; 2],
    pub(crate) secret: String,
}

impl Bound {
    /// With `app-a` and the password 0.
    pub(crate) async fn new(options: Options, overlap: &str) -> Result<Self, Error> {
        let world = World::with(options).await?;
        let services = [
            world.stack.web_services.add(),
            world.stack.web_services.add(),
        ];
        let called = [
            world.called("erp", &services[0]).await?,
            world.called("crm", &services[1]).await?,
        ];
        let value = login("app-a", &password(0));
        let secret = world
            .stack
            .make_secret("genesys-credentials/erp", &value)
            .await?;
        let [erp, crm] = &called;
        let manifest = world.manifest().credentials(&secret, overlap, &[erp, crm]);
        let bound = Self {
            world,
            services,
            called,
            secret,
        };
        bound.lets_in("app-a", 0);
        let from = bound.world.upload(&manifest).await?;
        bound.both("Change Verified", from).await?;
        bound.world.quiet().await?;
        Ok(bound)
    }

    /// Both services know the user with this password from now on.
    pub(crate) fn lets_in(&self, user: &str, number: u32) {
        for service in &self.services {
            service.lets_in(user, &password(number));
        }
    }

    /// The secret rotates to the user with this password; answers the version.
    pub(crate) async fn rotate(&self, user: &str, number: u32) -> Result<String, Error> {
        let value = login(user, &password(number));
        self.world.stack.rotate(&self.secret, &value).await
    }

    /// Waits until each of the two has an event since `from`; answers that of `erp`.
    pub(crate) async fn both(&self, event: &str, from: usize) -> Result<Value, Error> {
        self.world.expect(event, "crm-login", from).await?;
        self.world.expect(event, "erp-login", from).await
    }

    /// A canary that calls through both integrations.
    pub(crate) async fn canary(&self) -> Result<Canary, Error> {
        let actions = self.called.each_ref().map(|one| one.action.clone());
        let canary = self.world.canary(&actions)?;
        canary.once_more().await;
        Ok(canary)
    }

    /// The ids of the credentials that the two use.
    pub(crate) async fn in_use(&self) -> Result<[String; 2], Error> {
        let [erp, crm] = &self.called;
        Ok([
            self.world.credential_in(erp).await?,
            self.world.credential_in(crm).await?,
        ])
    }

    /// See [`World::nothing_unreferenced`].
    pub(crate) async fn nothing_unreferenced(&self) -> Result<(), Error> {
        let [erp, crm] = &self.called;
        self.world.nothing_unreferenced(&[erp, crm]).await
    }

    /// The end of a story that went through the passwords up to the `last`.
    pub(crate) async fn ends_clean(self, last: u32) -> Result<(), Error> {
        let [erp, crm] = &self.called;
        let planted: Vec<String> = (0..=last).map(password).collect();
        self.world.ends_clean(&[erp, crm], &planted).await
    }
}

/// Asserts that a canary has seen no call fail.
pub(crate) async fn nobody_noticed(canary: Canary) -> Result<(), Error> {
    canary.once_more().await;
    assert_eq!(canary.stop().await?, [""; 0], "calls that failed");
    Ok(())
}

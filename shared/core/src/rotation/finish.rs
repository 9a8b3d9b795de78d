//! finishSecret: moves AWSCURRENT in one call, and emits the event.

use lockstep_domain::change::SecretVersion;
use lockstep_domain::event::{ClientRotated, Principal, PrincipalKind};
use lockstep_domain::ids::{Key, version_name};
use lockstep_domain::rotation::{CURRENT, Rotated, Rotation, RotationTarget, Strategy};

use super::{Rotating, Trouble};
use crate::aws::AwsError;

impl Rotating<'_> {
    /// Moves the label and emits the event.
    pub(super) async fn finish(
        &mut self,
        from: &str,
        target: &RotationTarget,
    ) -> Result<String, Trouble> {
        let actor = match self.state.value.of(self.request.token.as_str()) {
            Some(known) => known.actor.clone(),
            None => target.leaves.clone(),
        };
        self.claim(target, &actor).await?;
        let (now, token) = (self.world.now(), self.request.token.as_str());
        self.state.value.begin_move(token, target, now);
        self.save().await?;
        self.move_label(from).await?;
        let request = self.request;
        self.announce(request.token.as_str()).await
    }

    /// A response may be lost after the label has moved, and a retry then gets the error that the
    /// label is not where it was: what counts is where it is.
    async fn move_label(&self, from: &str) -> Result<(), Trouble> {
        let (secret, token) = (&self.request.secret, self.request.token.as_str());
        let moved = self
            .world
            .client_secret_writer
            .move_current(secret, from, token)
            .await;
        let Err(error) = moved else {
            return Ok(());
        };
        if self.has_moved().await? {
            return Ok(());
        }
        Err(error.into())
    }

    async fn has_moved(&self) -> Result<bool, AwsError> {
        let metadata = self.world.secrets.metadata(&self.request.secret).await?;
        let labels = metadata.unwrap_or_default().labels;
        Ok(labels.holder(CURRENT) == Some(self.request.token.as_str()))
    }

    /// Records a rotation that became current and emits its event, unless that was done: evidence,
    /// then the event, then the state. A run that dies in between emits twice rather than never.
    pub(super) async fn announce(&mut self, token: &str) -> Result<String, Trouble> {
        let Some(known) = self.state.value.of(token) else {
            return Ok("already current; Lockstep has no record of the rotation".to_owned());
        };
        if known.announced {
            return Ok(format!("{} is already current", known.client));
        }
        let now = self.world.now();
        let known = self.state.value.of_mut(token);
        if known.is_some_and(|known| known.saw_moved(now)) {
            self.save().await?;
        }
        let Some(record) = Rotated::of(&self.state.value) else {
            return Ok("Lockstep has no record of the rotation".to_owned());
        };
        let object = format!(
            "evidence/{}/{}/{}.json",
            record.organization,
            Key::of_client(&record.secret),
            version_name(&record.version_id)
        );
        let uri = self.world.evidence.write_report(&object, &record).await?;
        self.emit(&record, &uri).await?;
        self.state.value.evidence = Some(record.head(uri));
        self.record_of(token, |known: &mut Rotation| known.announced = true);
        self.save().await?;
        Ok(format!("{} is current", record.client))
    }

    /// A rotation became current and its run died before it emitted the event: emit it before
    /// another rotation replaces it in the record.
    pub(super) async fn announce_earlier(&mut self) -> Result<(), Trouble> {
        let current = self.metadata.labels.current();
        let earlier = self.state.value.unannounced(current);
        let earlier = earlier.filter(|known| known.token != self.request.token.as_str());
        if let Some(token) = earlier.map(|known| known.token.clone()) {
            self.announce(&token).await?;
        }
        Ok(())
    }

    async fn emit(&self, record: &Rotated, uri: &str) -> Result<(), Trouble> {
        let mut header = self.world.header();
        header.actor = Principal {
            kind: PrincipalKind::Client,
            id: record.actor.to_string(),
            name: None,
        };
        header.organization_id = Some(record.organization.clone());
        let reason = match record.strategy {
            Strategy::Pair => format!(
                "{} is current; the secret of {} stays valid until that client's next rotation",
                record.client, record.previous_client
            ),
            Strategy::Single => format!(
                "{} is current with a new secret; for {} s no secret of the client worked",
                record.client,
                record.gap_seconds.unwrap_or_default()
            ),
        };
        let body = ClientRotated {
            client_id: Some(record.client.clone()),
            gap_seconds: record.gap_seconds,
            secrets: vec![SecretVersion {
                name: "client".to_owned(),
                arn: record.secret.clone(),
                version_id: record.version_id.clone(),
            }],
            notices: record.notices.clone(),
            reason: Some(reason),
            evidence: Some(uri.to_owned()),
        };
        self.world.emit(header, body).await?;
        Ok(())
    }
}

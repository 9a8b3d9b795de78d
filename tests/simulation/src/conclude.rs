//! The end of a run: everything comes to rest, and what must hold then.

use std::time::Duration;

use aws_simulator::Effect;
use jiff::Timestamp;

use crate::fault::is_write;
use crate::house::House;
use crate::judge::Problem;
use crate::stand::Simulation;

/// Longer than any message of a queue is tried: one of the sweep that crashes ten times is hidden for ninety minutes
/// each time.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Longer than `StuckAfterMinutes`.
const STUCK: Duration = Duration::from_secs(25 * 3600);

impl Simulation {
    /// Lets everything come to rest, and answers whether it does.
    pub async fn try_rest(&self) -> bool {
        self.settle(LONGEST).await
    }

    /// Lets everything come to rest: queues are drained, and verdicts are in.
    pub async fn rest(&self) {
        assert!(self.try_rest().await, "it does not come to rest");
    }

    /// After the last fault: everything comes to rest, one resync and one sweep run, and everything
    /// comes to rest again. Answers what does not hold.
    pub async fn conclude(&self, house: &House) -> Vec<Problem> {
        let mut problems = Vec::new();
        if house.pair && self.try_rest().await {
            // What Secrets Manager gave up counts as stuck after a day, and is finished by schedule.
            if self.is_unfinished(&House::pair_secret()) {
                self.pass(STUCK).await;
            }
            self.fire("ClientRepairSchedule");
        }
        for schedule in ["ResyncSchedule", "ComplianceSchedule"] {
            if self.try_rest().await {
                self.fire(schedule);
            }
            if !self.try_rest().await {
                problems.push(Problem("it does not come to rest".to_owned()));
                return problems;
            }
        }
        problems.extend(self.problems(house).await);
        let before = self.written();
        self.fire("ResyncSchedule");
        self.rest().await;
        let after = self.written();
        if before != after {
            let new: Vec<&String> = after.iter().skip(before.len()).collect();
            problems.push(Problem(format!("a second resync writes: {new:?}")));
        }
        problems
    }

    /// Whether a rotation of a secret has begun and not ended: the version under AWSPENDING is not current.
    fn is_unfinished(&self, secret: &str) -> bool {
        self.account.with_state(|state| {
            let secret = state.services.secrets.find(secret, self.clock.now());
            let pending = secret.and_then(|secret| Some((secret.holder("AWSPENDING")?, secret)));
            pending.is_some_and(|(pending, secret)| secret.holder("AWSCURRENT") != Some(pending))
        })
    }

    /// What was written to the world, in order: objects of state, roles, and what is at Genesys
    /// Cloud.
    fn written(&self) -> Vec<String> {
        let history = self.account.history();
        let of_aws = history.iter().filter_map(|change| written(&change.effect));
        let calls = self.genesys.calls();
        let of_genesys = calls
            .iter()
            // The canary's calls write nothing.
            .filter(|call| call.method != "GET" && !call.path.ends_with("/execute"))
            .filter(|call| is_write(&call.path))
            .map(|call| format!("{} {}", call.method, call.path));
        of_aws.chain(of_genesys).collect()
    }

    /// What of the history is equal in two runs of one seed: every change in AWS, and every call to
    /// Genesys Cloud.
    #[must_use]
    pub fn transcript(&self) -> String {
        let history = self.account.history();
        let mut lines: Vec<(Timestamp, String)> = history
            .iter()
            .map(|change| (change.at, format!("{:?}", change.effect)))
            .collect();
        let calls = self.genesys.calls();
        lines.extend(calls.iter().map(|call| {
            let line = format!("{} {} {:?}", call.method, call.path, call.status);
            (call.at, line)
        }));
        lines.sort_by_key(|(at, _)| *at);
        let lines = lines.iter().map(|(at, line)| format!("{at} {line}\n"));
        lines.collect()
    }
}

/// What an effect wrote that lasts. What was emitted is remembered for a while.
fn written(effect: &Effect) -> Option<String> {
    if let Effect::ObjectPut { key, .. } = effect {
        return (!key.starts_with("emitted/")).then(|| format!("s3 {key}"));
    }
    if let Effect::RoleChanged { role, operation } = effect {
        return Some(format!("{operation} {role}"));
    }
    None
}

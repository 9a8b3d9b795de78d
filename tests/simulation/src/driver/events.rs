//! EventBridge: rules, targets and schedules.

use std::time::Duration;

use aws_simulator::services::sqs::Delivery;
use aws_simulator::{Notification, Principal, PrincipalKind};
use serde_json::Value;

use super::{Driver, Due, Taken, Target};

/// How long EventBridge takes to bring an event to a target. It gives no bound; half a second is
/// usual (EventBridge user guide, "What is Amazon EventBridge?").
const EVENT_DELAY_MS: std::ops::Range<u64> = 20..2_000;

impl Driver {
    /// Fires a schedule of the template once, by its logical id.
    ///
    /// # Panics
    /// The template has no such schedule.
    pub fn fire(&self, schedule: &str) {
        let found = self.stack.schedules.iter().find(|one| one.id == schedule);
        let schedule = found.unwrap_or_else(|| panic!("the template has no schedule {schedule}"));
        let target = self.target(&schedule.target);
        let target = target.unwrap_or_else(|| panic!("{} has an unknown target", schedule.id));
        let event = serde_json::from_str(&schedule.input).expect("a schedule's input is JSON");
        let rule = schedule.role.clone();
        self.add(
            Duration::ZERO,
            Due::Delivery {
                rule,
                target,
                event,
            },
        );
    }

    /// What AWS was asked to do since.
    pub(super) fn take_notifications(&self) {
        for notification in self.account.take_notifications() {
            match notification {
                Notification::Event { bus, event, .. } => self.take_event(bus, event),
                Notification::Rotation(job) => self.begin_rotation(job),
                Notification::Invocation(invocation) => {
                    if let Some(name) = self.name_of(&invocation.function) {
                        let event = serde_json::from_slice(&invocation.payload).unwrap_or_default();
                        let target = Target::Function(name);
                        let rule = String::new();
                        self.add(
                            Duration::ZERO,
                            Due::Delivery {
                                rule,
                                target,
                                event,
                            },
                        );
                    }
                }
            }
        }
        let reported = self.trail.iter().flat_map(|trail| trail.take());
        for event in reported {
            self.take_event("default".to_owned(), event);
        }
    }

    fn take_event(&self, bus: String, event: Value) {
        let kind = event["detail-type"].as_str().unwrap_or_default();
        if self.lost.borrow().contains(kind) {
            return;
        }
        self.route(&bus, &event);
        self.events.borrow_mut().push(Taken { bus, event });
    }

    /// An event goes to the targets of every rule of its bus that matches.
    fn route(&self, bus: &str, event: &Value) {
        for rule in &self.stack.rules {
            let on_bus = rule.bus == bus || rule.bus.ends_with(&format!("/{bus}"));
            if !on_bus || !rule.pattern.matches(event) {
                continue;
            }
            for target in &rule.targets {
                for _ in 0..self.copies() {
                    let Some(target) = self.target(&target.arn) else {
                        continue;
                    };
                    let delay = self.event_delay();
                    let (rule, event) = (rule.arn.clone(), event.clone());
                    self.add(
                        delay,
                        Due::Delivery {
                            rule,
                            target,
                            event,
                        },
                    );
                }
            }
        }
    }

    fn copies(&self) -> u32 {
        let twice_in = self.weather.get().twice_in;
        let twice = twice_in > 0 && self.rng.borrow_mut().u32(0..twice_in) == 0;
        1 + u32::from(twice)
    }

    fn event_delay(&self) -> Duration {
        let reordered = self.weather.get().reordered;
        let ms = match reordered {
            true => self.rng.borrow_mut().u64(EVENT_DELAY_MS),
            false => EVENT_DELAY_MS.start,
        };
        Duration::from_millis(ms)
    }

    fn target(&self, arn: &str) -> Option<Target> {
        if let Some(queue) = self.stack.queues.iter().find(|queue| queue.arn == arn) {
            return Some(Target::Queue(queue.name.clone()));
        }
        self.name_of(arn).map(Target::Function)
    }

    pub(super) fn deliver(&self, rule: &str, target: Target, event: Value) {
        match target {
            Target::Function(name) => self.start(name, event),
            Target::Queue(queue) => {
                let sent = self.account.deliver(Delivery {
                    sender: self.sender(rule),
                    queue,
                    body: event.to_string(),
                    group: None,
                    deduplication_id: None,
                });
                // A rule that may not send would lose every event.
                sent.expect("the template lets its rules and schedules send to their queues");
            }
        }
    }

    /// EventBridge on behalf of a rule, or Scheduler in its role.
    fn sender(&self, rule: &str) -> Principal {
        let account = &self.stack.place.account;
        match rule.split_once(":role/") {
            Some((_, role)) => Principal::role(account, role, "scheduler"),
            None => Principal {
                account: account.clone(),
                kind: PrincipalKind::Service {
                    name: "events.amazonaws.com".to_owned(),
                    source_arn: Some(rule.to_owned()),
                },
            },
        }
    }
}

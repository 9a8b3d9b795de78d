//! Event source mappings: what is visible in a queue wakes its function.

use std::collections::BTreeSet;
use std::rc::Rc;

use aws_simulator::services::sqs;
use jiff::Timestamp;
use serde_json::{Value, json};
use stack_template::{EventSourceMapping, Queue};

use super::{Driver, Finished};
use crate::functions::{Ended, Name};

impl Driver {
    /// When a message can be received next whose function is free for it.
    pub(super) fn next_message(&self) -> Option<Timestamp> {
        let state = self.account.state();
        let mappings = self.stack.mappings.iter().enumerate();
        mappings
            .filter(|(number, mapping)| self.has_room(*number, mapping))
            .filter_map(|(_, mapping)| {
                let queue = self.queue(&mapping.queue)?;
                next_batch(state.services.sqs.queue(&queue.name)?, mapping)
            })
            .min()
    }

    fn has_room(&self, number: usize, mapping: &EventSourceMapping) -> bool {
        let busy = self.busy.borrow().get(&number).copied().unwrap_or_default();
        let is_paused = self
            .name_of(&mapping.function)
            .is_some_and(|name| self.paused.borrow().contains(&name));
        // Lambda scales a mapping from five (Lambda developer guide, "Using Lambda with Amazon SQS").
        !is_paused && busy < mapping.maximum_concurrency.unwrap_or(5)
    }

    /// Receives what is visible, as long as functions are free for it.
    pub(super) fn receive(&self) {
        for (number, mapping) in self.stack.mappings.iter().enumerate() {
            let (Some(queue), Some(name)) =
                (self.queue(&mapping.queue), self.name_of(&mapping.function))
            else {
                continue;
            };
            while self.has_room(number, mapping) && self.is_gathered(queue, mapping) {
                if !self.start_batch(number, mapping, queue, name) {
                    break;
                }
            }
        }
    }

    fn is_gathered(&self, queue: &Queue, mapping: &EventSourceMapping) -> bool {
        let state = self.account.state();
        let held = state.services.sqs.queue(&queue.name);
        let next = held.and_then(|held| next_batch(held, mapping));
        next.is_some_and(|at| at <= self.clock.now())
    }

    /// Starts a function with what its queue gives. Lambda's poller works in the function's role.
    fn start_batch(
        &self,
        number: usize,
        mapping: &EventSourceMapping,
        queue: &Queue,
        name: Name,
    ) -> bool {
        let role = self.functions[&name].principal();
        let most = usize::try_from(mapping.batch_size).unwrap_or(usize::MAX);
        let given = self.account.poll(&role, &queue.name, most);
        let given = given.expect("the template lets the function's poller receive");
        if given.is_empty() {
            return false;
        }
        let (messages, records): (Vec<_>, Vec<_>) = given.into_iter().unzip();
        let payload = json!({ "Records": records });
        let invocation = Rc::clone(&self.functions[&name]).invoke(payload, self.request_id());
        let (account, queue) = (self.account.clone(), queue.name.clone());
        *self.busy.borrow_mut().entry(number).or_default() += 1;
        self.running.borrow_mut().spawn_local(async move {
            let ended = invocation.await;
            if let Ended::Returned(answer) = &ended {
                // What was not handled comes back.
                for message in messages.iter().filter(|one| !is_failed(answer, &one.id)) {
                    let deleted = account.acknowledge(&role, &queue, message);
                    deleted.expect("the template lets the function's poller delete");
                }
            }
            Finished {
                mapping: Some(number),
                rotation: None,
                ended,
            }
        });
        true
    }

    fn queue(&self, arn: &str) -> Option<&Queue> {
        self.stack.queues.iter().find(|queue| queue.arn == arn)
    }
}

/// When a batch of a queue is complete next: when it has as many messages as fit, or the window has
/// passed since its first message (Lambda developer guide, "Using Lambda with Amazon SQS", batching
/// behavior). In a FIFO queue the first message of a group keeps the others of it back.
fn next_batch(queue: &sqs::Queue, mapping: &EventSourceMapping) -> Option<Timestamp> {
    let mut groups = BTreeSet::new();
    let messages = queue.messages().iter();
    let visible = messages
        .filter(|message| !queue.is_fifo() || groups.insert(&message.group))
        .map(|message| message.visible_from);
    if mapping.batching_window.is_zero() {
        return visible.min();
    }
    let mut visible: Vec<Timestamp> = visible.collect();
    visible.sort_unstable();
    let passed = *visible.first()? + mapping.batching_window;
    let last = usize::try_from(mapping.batch_size).ok()?.checked_sub(1)?;
    let full = visible.get(last).copied();
    Some(full.map_or(passed, |full| passed.min(full)))
}

/// Whether a batch's answer reports this message as not handled.
fn is_failed(answer: &Value, id: &str) -> bool {
    let failed = answer["batchItemFailures"].as_array();
    let mut failed = failed.into_iter().flatten();
    failed.any(|one| one["itemIdentifier"] == id)
}

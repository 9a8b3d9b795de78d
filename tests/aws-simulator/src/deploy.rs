//! A resolved template in the account: who may do what.

use jiff::Timestamp;
use stack_template::{Role as Declared, Stack};

use crate::services::iam::{Role, Text};
use crate::{Account, State};

impl Account {
    /// Puts the roles and the managed policies of a stack into the account, seen by everybody at once.
    ///
    /// # Panics
    /// Where the stack is another account's.
    pub fn deploy_identities(&self, stack: &Stack) {
        let mut state = self.state();
        assert_eq!(
            stack.place.account, state.settings.account,
            "the stack's account"
        );
        for policy in &stack.managed_policies {
            let document = policy.document.policy.clone();
            state.services.iam.put_managed(&policy.arn, document);
        }
        for declared in &stack.roles {
            let role = role(&mut state, declared, self.clock().now());
            state.services.iam.put(Timestamp::MIN, role);
        }
    }
}

fn role(state: &mut State, declared: &Declared, now: Timestamp) -> Role {
    let trust = Text {
        text: declared.trust.json.to_string(),
        policy: declared.trust.policy.clone(),
    };
    let id = format!("AROA{}", state.ids.upper(17));
    let mut role = Role::new(&declared.name, &id, now, trust);
    role.boundary = declared.boundary.clone();
    for (name, document) in &declared.inline {
        let text = Text {
            text: document.json.to_string(),
            policy: document.policy.clone(),
        };
        role.inline.insert(name.clone(), text);
    }
    role
}

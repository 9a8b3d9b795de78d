//! The requests that are wrong on purpose, to see what the platform answers.

/// How a violation that is meant begins.
const MEANT: [&str; 2] = [
    "POST /api/v2/audits/query/realtime, request, body /lockstepLiveCheck: unknown field;",
    "PATCH /api/v2/integrations/actions/{actionId}, request, body /lockstepLiveCheck: unknown field;",
];

/// The violations of the contract that are not meant: any is a mistake of this check or of the simulator.
#[must_use]
pub fn unmeant(mut violations: Vec<String>) -> Vec<String> {
    violations.retain(|found| !MEANT.iter().any(|meant| found.starts_with(meant)));
    violations
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;
    use crate::settings::Patience;
    use crate::simulated::{begun, target};
    use crate::{new_name, surveyed};

    #[tokio::test]
    async fn a_whole_check_is_wrong_where_it_is_meant_to_be_and_nowhere_else() {
        let simulator = begun().await.unwrap();
        let (_going, stop) = watch::channel(0);
        let target = target(&simulator).unwrap();
        let name = new_name();
        surveyed(&target, &Patience::quick(), Some(&name), stop, &|_| {})
            .await
            .unwrap();
        let violations = simulator.end().await;
        for meant in MEANT {
            let is_made = violations.iter().any(|found| found.starts_with(meant));
            assert!(is_made, "{meant} is not sent any more: {violations:#?}");
        }
        assert_eq!(unmeant(violations), Vec::<String>::new());
    }

    #[test]
    fn any_other_violation_is_not_meant() {
        let others = vec![
            "POST /api/v2/audits/query/realtime, request, body /interval: missing; the contract has it".to_owned(),
            "POST /api/v2/audits/query/realtime, answer, body /lockstepLiveCheck: unknown field; the contract has others".to_owned(),
        ];
        assert_eq!(unmeant(others.clone()), others);
    }
}

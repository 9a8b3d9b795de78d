//! What is not known is refused by name.

use super::*;

const SMALL: &str = r#"
Parameters:
  Size: {Type: Number, Default: 3}
Conditions:
  Never: !Equals [a, b]
Globals:
  Function: {MemorySize: 256}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: !Ref Size}
  Absent:
    Type: AWS::SQS::Queue
    Condition: Never
    Properties: {}
Outputs:
  Url: {Value: !Ref Queue}
"#;

fn read(text: &str) -> Result<Stack, TemplateError> {
    Template::new(text, place(), &[])?.resolve()
}

/// What is said of the small template with one piece replaced.
fn refusal(piece: &str, by: &str) -> String {
    assert!(SMALL.contains(piece), "{piece}");
    match read(&SMALL.replacen(piece, by, 1)) {
        Ok(_) => "read".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_small_template_is_read() -> Outcome {
    let stack = read(SMALL)?;
    assert_eq!(stack.queues.len(), 1);
    assert_eq!(stack.queues[0].visibility_timeout.as_secs(), 3);
    assert_eq!(
        stack.outputs["Url"],
        "https://sqs.us-east-1.amazonaws.com/123456789012/lockstep-Queue-1A2B3C4D5E6F"
    );
    Ok(())
}

#[test]
fn each_unknown_thing_is_named() {
    for (piece, by, named) in [
        ("!Ref Size", "!FindInMap [A, b, c]", "!FindInMap"),
        ("!Ref Size", "{Ref: Size}", "Ref"),
        ("!Ref Size", "{\"Fn::Sub\": x}", "Fn::Sub"),
        ("!Ref Size", "!Ref Unheard", "Unheard"),
        ("!Ref Size", "!GetAtt Queue.Colour", "Queue.Colour"),
        ("!Ref Size", "soon", "not a number"),
        ("!Ref Queue", "!Ref Absent", "Absent"),
        ("VisibilityTimeout:", "KmsMasterKeyId:", "KmsMasterKeyId"),
        (
            "AWS::SQS::Queue",
            "AWS::DynamoDB::Table",
            "AWS::DynamoDB::Table",
        ),
        ("Condition: Never", "Condition: Sometimes", "Sometimes"),
        ("Condition: Never", "DependsOn: Queue", "DependsOn"),
        ("!Equals [a, b]", "!And [a, b]", "!And"),
        (
            "Type: Number",
            "Type: AWS::SSM::Parameter::Name",
            "AWS::SSM",
        ),
        ("Function: {", "Api: {", "Api"),
        ("Globals:", "Mappings:", "Mappings"),
    ] {
        let said = refusal(piece, by);
        assert!(said.contains(named), "{by}: {said}");
    }
}

/// CloudFormation reads YAML 1.1, where more texts are truth values or numbers than in 1.2.
#[test]
fn what_yaml_reads_differently_from_version_to_version_is_refused() {
    for ambiguous in ["yes", "Off", "TRUE", "010"] {
        let said = refusal("!Ref Size", ambiguous);
        assert!(said.contains("quote"), "{ambiguous}: {said}");
    }
    let said = refusal("Outputs:", "Parameters: {}\nOutputs:");
    assert!(said.contains("appears twice"), "{said}");
}

/// With a role of SAM's own, policies would apply that the template does not show.
#[test]
fn a_function_without_a_role_of_the_template_is_refused() {
    let function =
        "Function:\n    Type: AWS::Serverless::Function\n    Properties: {FunctionName: f, ";
    let with = |rest: &str| {
        refusal(
            "Resources:\n",
            &format!("Resources:\n  {function}{rest}}}\n"),
        )
    };
    assert_eq!(with("Role: r"), "read");
    assert!(with("Timeout: 3").contains("Role"));
    assert!(with("Role: r, Policies: []").contains("Policies"));
    assert!(with("Role: r, Events: {A: {Type: Schedule, Properties: {}}}").contains("Schedule"));
    let long = format!(
        "Role: r, Environment: {{Variables: {{A: {}}}}}",
        "x".repeat(4_096)
    );
    assert!(with(&long).contains("4097 bytes"));
}

#[test]
fn policies_are_read_strictly_and_within_iams_limits() {
    let role = |policy: &str| {
        let role = format!(
            "Role:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {{Statement: \
             {{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: 'sts:AssumeRole'}}}}\n      \
             Policies: [{{PolicyName: p, PolicyDocument: {{Statement: {policy}}}}}]\n"
        );
        refusal("Resources:\n", &format!("Resources:\n  {role}"))
    };
    let fine = "{Effect: Allow, Action: 's3:GetObject', Resource: '*'}";
    assert_eq!(role(fine), "read");
    assert!(role("{Effect: Allow, Action: 's3:GetObject'}").contains("Resource"));
    assert!(role(&fine.replace('}', ", Colour: blue}")).contains("Colour"));
    let many = vec![fine; 200].join(", ");
    assert!(role(&format!("[{many}]")).contains("10240 are allowed"));
}

//! Answers with the members that AWS documents for them (API references), in values of our own.

use aws_contract::Violation;
use http::Response;

use crate::{contract, operation};

const JSON: &str = "application/x-amz-json-1.1";

pub struct Answer {
    service: &'static str,
    operation: &'static str,
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    pub fn new(service: &'static str, operation: &'static str, status: u16) -> Self {
        Self {
            service,
            operation,
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn body(mut self, media: &str, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self.header("content-type", media)
    }

    /// The same with another text in the body's place of one.
    pub fn with(mut self, old: &str, new: &str) -> Self {
        assert!(self.body.contains(old), "{old} is not in the answer");
        self.body = self.body.replace(old, new);
        self
    }

    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub fn violations(&self) -> Vec<Violation> {
        let mut answer = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            answer = answer.header(*name, value);
        }
        let answer = answer.body(self.body.as_bytes()).expect("an answer");
        contract().judge_answer(&operation(self.service, self.operation), &answer)
    }
}

pub fn get_object() -> Answer {
    Answer::new("s3", "GetObject", 200)
        .header("etag", "\"0123456789abcdef0123456789abcdef\"")
        .header("last-modified", "Fri, 27 Nov 2026 15:00:00 GMT")
        .header("x-amz-version-id", "3HL4kqtJlcpXroDTDmJ")
        .header("x-amz-request-id", "0A49CE4060975EAC")
        .header("x-amz-meta-colour", "blue")
        .header("x-amz-server-side-encryption", "aws:kms")
        .body("application/json", "{\"any\": \"bytes\"}")
}

pub fn list_objects() -> Answer {
    Answer::new("s3", "ListObjectsV2", 200).body(
        "application/xml",
        r#"<?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Name>states</Name><Prefix>state/</Prefix><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys>
            <IsTruncated>false</IsTruncated>
            <Contents>
                <Key>state/a&amp;b.json</Key><LastModified>2026-11-27T15:00:00.000Z</LastModified>
                <ETag>&quot;0123&quot;</ETag><Size>2</Size><StorageClass>STANDARD</StorageClass>
            </Contents>
            <Contents>
                <Key>state/c.json</Key><LastModified>2026-11-27T15:00:01.000Z</LastModified>
                <ETag>&quot;4567&quot;</ETag><Size>2</Size><StorageClass>STANDARD</StorageClass>
            </Contents>
        </ListBucketResult>"#,
    )
}

pub fn refused_put() -> Answer {
    Answer::new("s3", "PutObject", 412).body(
        "application/xml",
        "<Error><Code>PreconditionFailed</Code><Message>No</Message><Condition>If-Match</Condition>\
         <RequestId>0A49</RequestId><HostId>abc=</HostId></Error>",
    )
}

pub fn get_role() -> Answer {
    Answer::new("iam", "GetRole", 200).body(
        "text/xml",
        r#"<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
            <GetRoleResult><Role>
                <Path>/</Path><RoleName>lockstep-orders</RoleName><RoleId>AROADBQP57FF2AEXAMPLE</RoleId>
                <Arn>arn:aws:iam::123456789012:role/lockstep-orders</Arn>
                <CreateDate>2026-11-27T15:00:00Z</CreateDate>
                <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument>
                <Tags><member><Key>team</Key><Value>orders</Value></member></Tags>
                <MaxSessionDuration>3600</MaxSessionDuration>
            </Role></GetRoleResult>
            <ResponseMetadata><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ResponseMetadata>
        </GetRoleResponse>"#,
    )
}

pub fn refused_role() -> Answer {
    Answer::new("iam", "GetRole", 404).body(
        "text/xml",
        r#"<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
            <Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>No such role</Message></Error>
            <RequestId>11111111-2222-3333-4444-555555555555</RequestId>
        </ErrorResponse>"#,
    )
}

pub fn describe_secret() -> Answer {
    Answer::new("secretsmanager", "DescribeSecret", 200).body(
        JSON,
        r#"{"ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf", "Name": "orders",
            "RotationEnabled": true, "RotationRules": {"AutomaticallyAfterDays": 30},
            "LastChangedDate": 1795791600.123, "Tags": [{"Key": "team", "Value": "orders"}],
            "KmsKeyId": null,
            "VersionIdsToStages": {"11111111-2222-3333-4444-555555555555": ["AWSCURRENT"]}}"#,
    )
}

pub fn refused_secret() -> Answer {
    Answer::new("secretsmanager", "DescribeSecret", 400).body(
        JSON,
        r#"{"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find it."}"#,
    )
}

#[track_caller]
fn is_right(answer: &Answer) {
    assert_eq!(answer.violations(), []);
}

#[test]
fn documented_answers_of_s3_are_right() {
    is_right(&get_object());
    is_right(
        &get_object()
            .status(206)
            .header("content-range", "bytes 0-9/20"),
    );
    is_right(&list_objects());
    is_right(&refused_put());
    is_right(&Answer::new("s3", "PutObject", 200).header("etag", "\"0123\""));
    is_right(&Answer::new("s3", "HeadObject", 404));
    is_right(&Answer::new("s3", "HeadObject", 304));
    is_right(&Answer::new("s3", "DeleteObject", 204).header("x-amz-delete-marker", "true"));
    is_right(&Answer::new("s3", "ListObjectVersions", 200).body(
        "application/xml",
        "<ListVersionsResult><Name>states</Name><Prefix/><KeyMarker/><VersionIdMarker/><MaxKeys>1000</MaxKeys>\
         <IsTruncated>false</IsTruncated><Version><Key>k</Key><VersionId>v2</VersionId>\
         <IsLatest>false</IsLatest><LastModified>2026-11-27T15:00:00.000Z</LastModified></Version>\
         <DeleteMarker><Key>k</Key><VersionId>v3</VersionId><IsLatest>true</IsLatest></DeleteMarker>\
         </ListVersionsResult>",
    ));
}

#[test]
fn documented_answers_of_iam_and_sts_are_right() {
    is_right(&get_role());
    is_right(&refused_role());
    is_right(&Answer::new("iam", "TagRole", 200).body(
        "text/xml",
        r#"<TagRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata>
           <RequestId>1</RequestId></ResponseMetadata></TagRoleResponse>"#,
    ));
    is_right(&Answer::new("sts", "AssumeRole", 403).body(
        "text/xml",
        r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
           <Code>AccessDenied</Code><Message>No</Message></Error><RequestId>1</RequestId></ErrorResponse>"#,
    ));
    is_right(&Answer::new("sts", "AssumeRole", 200).body(
        "text/xml",
        r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
           <AssumedRoleUser><AssumedRoleId>AROA123EXAMPLE123:session</AssumedRoleId>
           <Arn>arn:aws:sts::123456789012:assumed-role/orders/session</Arn></AssumedRoleUser>
           <Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>no</SecretAccessKey>
           <SessionToken>no</SessionToken><Expiration>2026-11-27T16:00:00Z</Expiration></Credentials>
           </AssumeRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>"#,
    ));
}

#[test]
fn documented_answers_in_json_are_right() {
    is_right(&describe_secret());
    is_right(&refused_secret());
    is_right(&refused_secret().with("ResourceNotFound", "AccessDenied"));
    is_right(&refused_secret().with("\"Res", "\"com.amazonaws.secretsmanager#Res"));
    is_right(&Answer::new("sqs", "SendMessage", 200).body(
        "application/x-amz-json-1.0",
        r#"{"MessageId": "1", "MD5OfMessageBody": "0123456789abcdef", "SequenceNumber": "18849"}"#,
    ));
    is_right(
        &Answer::new("sqs", "SendMessage", 400)
            .header(
                "x-amzn-query-error",
                "AWS.SimpleQueueService.NonExistentQueue;Sender",
            )
            .body(
                "application/x-amz-json-1.0",
                r#"{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "No such queue"}"#,
            ),
    );
    is_right(&Answer::new("sqs", "DeleteMessage", 200));
    is_right(&Answer::new("events", "PutEvents", 200).body(
        JSON,
        r#"{"FailedEntryCount": 1, "Entries": [{"EventId": "1"}, {"ErrorCode": "InternalFailure"}]}"#,
    ));
    is_right(
        &Answer::new("kms", "DescribeKey", 500).body(JSON, r#"{"__type": "KMSInternalException"}"#),
    );
}

#[test]
fn documented_answers_of_lambda_are_right() {
    is_right(
        &Answer::new("lambda", "Invoke", 200)
            .header("x-amz-function-error", "Unhandled")
            .header("x-amz-executed-version", "$LATEST")
            .body("application/json", "{\"errorMessage\": \"no\"}"),
    );
    is_right(&Answer::new("lambda", "Invoke", 202));
    is_right(&Answer::new("lambda", "GetFunctionConfiguration", 200).body(
        "application/json",
        r#"{"FunctionName": "orders", "Runtime": "provided.al2023", "Role": "arn:aws:iam::123456789012:role/r",
            "MemorySize": 128, "KMSKeyArn": null, "LastModified": "2026-11-27T15:00:00.000+0000"}"#,
    ));
    is_right(
        &Answer::new("lambda", "GetFunctionConfiguration", 404)
            .header("x-amzn-errortype", "ResourceNotFoundException")
            .body(
                "application/json",
                r#"{"Type": "User", "Message": "No such function"}"#,
            ),
    );
}

//! An action's configuration, as Genesys Cloud answers it and as it is written back.

use genesys_cloud as api;
use lockstep_domain::binding::{ActionConfig, OtherMembers};
use lockstep_domain::manifest::{DEFAULT_SUCCESS_TEMPLATE, RAW_REQUEST};

/// A configuration as it was read, with both templates.
pub(super) fn config_in(
    config: api::ActionConfig,
    request_template: Option<String>,
    success_template: Option<String>,
) -> ActionConfig {
    let request = config.request.unwrap_or_default();
    let response = config.response.unwrap_or_default();
    ActionConfig {
        timeout_seconds: config.timeout_seconds,
        request_url_template: request.request_url_template.unwrap_or_default(),
        request_type: request.request_type.unwrap_or_default(),
        request_template: template(request_template, request.request_template, RAW_REQUEST),
        headers: request.headers,
        translation_map: response.translation_map,
        translation_map_defaults: response.translation_map_defaults,
        success_template: template(
            success_template,
            response.success_template,
            DEFAULT_SUCCESS_TEMPLATE,
        ),
        other: OtherMembers {
            config: config.other,
            request: request.other,
            response: response.other,
        },
    }
}

/// A template as it was read at its own place, or inline, or the platform's default, which an
/// empty one is replaced by (terraform-provider-genesyscloud reads that back).
fn template(read: Option<String>, inline: Option<String>, default: &str) -> String {
    let is_given = |template: &String| !template.is_empty();
    read.filter(is_given)
        .or(inline.filter(is_given))
        .unwrap_or_else(|| default.to_owned())
}

/// Complete, with both templates and every member that was read and is not known here.
pub(super) fn config_out(config: &ActionConfig) -> api::ActionConfig {
    api::ActionConfig {
        timeout_seconds: config.timeout_seconds,
        request: Some(api::RequestConfig {
            request_url_template: Some(config.request_url_template.clone()),
            request_template: Some(config.request_template.clone()),
            request_type: Some(config.request_type.clone()),
            headers: config.headers.clone(),
            other: config.other.request.clone(),
            ..Default::default()
        }),
        response: Some(api::ResponseConfig {
            translation_map: config.translation_map.clone(),
            translation_map_defaults: config.translation_map_defaults.clone(),
            success_template: Some(config.success_template.clone()),
            other: config.other.response.clone(),
            ..Default::default()
        }),
        other: config.other.config.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(config: &Value, templates: [Option<&str>; 2]) -> ActionConfig {
        let config = serde_json::from_value(config.clone()).unwrap();
        let [request, success] = templates.map(|template| template.map(str::to_owned));
        config_in(config, request, success)
    }

    fn written(config: &ActionConfig) -> Value {
        serde_json::to_value(config_out(config)).unwrap()
    }

    #[test]
    fn what_is_not_known_of_a_config_is_written_back_and_the_template_uris_are_not() {
        let config = json!({
            "timeoutSeconds": 5,
            "retry": {"count": 2},
            "request": {
                "requestUrlTemplate": "arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders",
                "requestTemplateUri": "/api/v2/integrations/actions/a/templates/requesttemplate.vm",
                "requestType": "POST",
                "headers": {"x-trace": "1"},
                "encoding": "utf-8",
            },
            "response": {
                "translationMap": {"id": "$.id"},
                "translationMapDefaults": {"id": "0"},
                "successTemplateUri": "/api/v2/integrations/actions/a/templates/successtemplate.vm",
                "errorMapping": [1, {"b": null}],
            },
        });
        let mut expected = config.clone();
        for (part, uri, template, text) in [
            (
                "request",
                "requestTemplateUri",
                "requestTemplate",
                "${input.order}",
            ),
            ("response", "successTemplateUri", "successTemplate", "${id}"),
        ] {
            let part = expected[part].as_object_mut().unwrap();
            part.remove(uri);
            part.insert(template.to_owned(), json!(text));
        }
        let seen = read(&config, [Some("${input.order}"), Some("${id}")]);
        assert_eq!(written(&seen), expected);
    }

    #[test]
    fn an_empty_template_is_read_as_the_platforms_default() {
        for empty in [None, Some("")] {
            let seen = read(&json!({"request": {"requestTemplate": ""}}), [empty, empty]);
            assert_eq!(seen.request_template, "${input.rawRequest}");
            assert_eq!(seen.success_template, "${rawResult}");
        }
        let inline = json!({"request": {"requestTemplate": "${input.order}"}});
        assert_eq!(
            read(&inline, [Some(""), None]).request_template,
            "${input.order}"
        );
    }
}

//! What templates become.

use super::*;
use serde_json::json;

fn rendered(template: &str) -> String {
    let input = json!({
        "name": "a \"b\"", "n": 3, "deep": {"x": true}, "rawRequest": "RAW", "nothing": null,
        "list": "[{\"a\":1},2]", "empty": "[]", "ids": "a,b,c"
    });
    render(template, &|path| {
        let path = path.strip_prefix("input.")?;
        follow(&input, path).cloned().map(Found::Json)
    })
}

#[test]
fn references_are_replaced_in_all_their_forms() {
    assert_eq!(rendered("${input.rawRequest}"), "RAW");
    assert_eq!(rendered("<$input.n> ${input.deep.x}."), "<3> true.");
    assert_eq!(rendered("$!{input.none}|$!input.n"), "|3");
    assert_eq!(rendered("${input.deep}"), r#"{"x":true}"#);
    assert_eq!(
        rendered("${input.nothing}|$!{input.nothing}"),
        "${input.nothing}|"
    );
}

#[test]
fn the_json_helpers_escape_with_and_without_quotes() {
    assert_eq!(
        rendered(r#""$esc.jsonEncode($input.name)""#),
        r#""a \"b\"""#
    );
    assert_eq!(rendered("${esc.jsonString(${input.name})}"), r#""a \"b\"""#);
}

#[test]
fn urls_and_base64_take_references_and_texts_in_quotes() {
    assert_eq!(rendered("$esc.url($input.name)"), "a+%22b%22");
    assert_eq!(
        rendered("$esc.uriEncode(\"${input.n} ${input.n}\")"),
        "3%203"
    );
    assert_eq!(
        rendered("Basic $encoding.base64(\"${input.n}:${input.rawRequest}\")!"),
        "Basic MzpSQVc=!"
    );
}

#[test]
fn the_first_of_an_array_is_put_in_as_json_and_a_helper_takes_what_another_gives() {
    let first = "successTemplateUtils.firstFromArray";
    assert_eq!(
        rendered(&format!("${{{first}(${{input.list}})}}")),
        r#"{"a":1}"#
    );
    assert_eq!(
        rendered(&format!(
            "$esc.jsonEncode(${{{first}(\"${{input.list}}\")}})"
        )),
        r#"{\"a\":1}"#
    );
    assert_eq!(
        rendered(&format!("${first}($input.empty, \"$esc.quote$esc.quote\")")),
        "\"\""
    );
    let without = format!("${{{first}($input.empty)}}");
    assert_eq!(rendered(&without), without);
}

#[test]
fn conditions_choose_a_branch() {
    let optional = "{#if(\"$!{input.n}\" != \"\")\"n\": ${input.n}#end}";
    assert_eq!(rendered(optional), "{\"n\": 3}");
    assert_eq!(rendered(&optional.replace("input.n", "input.z")), "{}");
    let chain = "#if($input.n == 1)one#elseif ($input.n > 2 && !$input.z)many#{else}none#end.";
    assert_eq!(rendered(chain), "many.");
    assert_eq!(rendered(&chain.replace("input.n", "input.z")), "none.");
    assert_eq!(
        rendered("#if($input.z)#if(true)a#else b#end#else#if(1 == 1.0)c#{end}#end"),
        "c"
    );
    assert_eq!(
        rendered("#if(($input.n eq '3' or false) and not $input.nothing)yes#end"),
        "yes"
    );
}

#[test]
fn variables_are_set_and_comments_go() {
    assert_eq!(
        rendered("#set($x = \"<${input.n}>\")$x#set( $y = $input.deep )${y.x}## gone\n!"),
        "<3>true!"
    );
    assert_eq!(rendered("#set($x = $input.none)$x"), "$x");
}

#[test]
fn text_that_is_not_a_reference_or_refers_to_nothing_is_kept_as_it_is() {
    for template in [
        "costs $5 and $",
        "${input.none}",
        "$other.thing",
        "${unclosed",
        "$encoding.base64(\"open)",
        "{\"arn:aws\": \"$\u{00e4}\"}",
        "#1 #end #endpoint #else #iffy(x) #if( #if(&&)",
        "$input.name.nope('a','b')",
        "$input.ids.substring(99)",
        "$math.div(1,0) $math.add($input.none, 1)",
        "$input.ids.length( #foreach($x on $y) #breakfast",
    ] {
        assert_eq!(rendered(template), template);
    }
}

#[test]
fn what_grows_with_each_step_is_cut_at_the_largest_event() {
    let doubling = "#set($x = \"é$x$x\")$x".repeat(64);
    assert!(rendered(&doubling).len() <= MAX_OUTPUT);
    let escaping = format!("#set($x = \"%\"){}$x", "#set($x = $esc.url($x))".repeat(64));
    assert!(rendered(&escaping).len() <= MAX_OUTPUT);
}

#[test]
fn depth_is_no_danger() {
    let nested = "$esc.url(".repeat(20_000);
    assert_eq!(rendered(&nested), nested);
    let conditions = "#if(true)".repeat(20_000);
    assert_eq!(rendered(&conditions), "");
    let parentheses = format!("#if({}", "(".repeat(20_000));
    assert_eq!(rendered(&parentheses), parentheses);
}

/// As velocity-engine-core 2.3 with velocity-tools-generic 3.1 renders them.
#[test]
fn methods_and_math_take_what_others_give() {
    assert_eq!(rendered("$math.add($input.n, 1)/$math.div(7, 2)"), "4/3.5");
    assert_eq!(
        rendered("${input.ids.toUpperCase()}|$!{input.none.trim()}"),
        "A,B,C|"
    );
    assert_eq!(
        rendered("$input.ids.split(',').get(1)$input.ids.split(\",\")[2]"),
        "bc"
    );
    assert_eq!(rendered("$input.ids.toUpperCase().substring(2, 3)."), "B.");
    assert_eq!(
        rendered("#if($input.ids.contains('b') && $input.ids.length() > 3)yes#end"),
        "yes"
    );
    assert_eq!(
        rendered("#set($l = ['a', $input.n, \"<$input.n>\"])$l.size()$l.get(2)"),
        "3<3>"
    );
}

/// As velocity-engine-core 2.3 renders them.
#[test]
fn loops_go_through_lists_ranges_and_objects() {
    assert_eq!(
        rendered(
            "[#foreach($x in $input.ids.split(\",\"))\"$x\"#if($foreach.hasNext),#end#end]|$x"
        ),
        "[\"a\",\"b\",\"c\"]|$x"
    );
    assert_eq!(
        rendered(
            "#foreach($x in ['a','b'])$x$foreach.index$foreach.count$foreach.first$foreach.last;#end"
        ),
        "a01truefalse;b12falsetrue;"
    );
    assert_eq!(rendered("#foreach( $x in [1..3] )$x#end"), "123");
    assert_eq!(rendered("#foreach($x in $input.deep)$x#end"), "true");
    assert_eq!(
        rendered("#foreach($x in $input.none)$x#end.#foreach($x in $input.ids)$x#end."),
        ".."
    );
    assert_eq!(
        rendered("#foreach($x in [1,2,3])#if($x == 2)#break#end$x#end!"),
        "1!"
    );
    assert_eq!(rendered("#set($x = 9)#foreach($x in [1,2])$x#end$x"), "129");
    assert_eq!(
        rendered("#foreach($a in [1,2])#foreach($b in [3,4])$a$b #end$foreach.count;#end"),
        "13 14 1;23 24 2;"
    );
    assert_eq!(
        rendered("#if(false)#foreach($x in [1])$x#end#else b#end"),
        " b"
    );
}

#[test]
fn loops_end_however_they_are_nested() {
    let nested = "#foreach($x in [1..9])".repeat(5_000);
    assert_eq!(rendered(&format!("{nested}$x")), "");
    let many = format!(
        "{}.{}",
        "#foreach($x in [1..99])".repeat(9),
        "#end".repeat(9)
    );
    assert!(rendered(&many).len() <= MAX_ROUNDS);
    assert_eq!(rendered("#foreach($x in [1..999999999])#end"), "");
    let growing = format!("#set($x = ['ab']){}$x", "#set($x = [$x, $x])".repeat(64));
    assert!(rendered(&growing).len() <= MAX_OUTPUT);
}

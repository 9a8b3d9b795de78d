//! Listing and finding actions.

use super::*;

#[tokio::test]
async fn the_categories_of_actions_are_listed_once_each() {
    let world = World::new().await;
    let integration = world.integration().await;
    for (name, category, secure) in [
        ("a", "Orders", false),
        ("b", "Orders", true),
        ("c", "Cases", false),
    ] {
        let mut body = action_body(&integration, name);
        body["category"] = json!(category);
        body["secure"] = json!(secure);
        world.post(ACTIONS, &body).await.expect(201);
    }
    let names = |listed: Value| {
        let entities = listed["entities"].as_array().unwrap().clone();
        entities
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let categories = format!("{ACTIONS}/categories");
    let all = world.get(&categories).await.expect(200);
    assert_eq!(names(all), ["Cases", "Orders"]);
    let turned = world
        .get(&format!("{categories}?sortOrder=desc&pageSize=1"))
        .await;
    assert_eq!(names(turned.expect(200)), ["Orders"]);
    let secure = world
        .get(&format!("{categories}?secure=true"))
        .await
        .expect(200);
    assert_eq!(names(secure), ["Orders"]);
}

#[tokio::test]
async fn actions_are_listed_page_by_page_by_number_and_by_token() {
    let world = World::new().await;
    let integration = world.integration().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(
            world
                .action(&integration, &format!("action {number}"))
                .await,
        );
    }
    let second = world
        .get(&format!("{ACTIONS}?pageSize=2&pageNumber=2"))
        .await
        .expect(200);
    assert_eq!(second["total"], 5);
    assert_eq!(second["pageCount"], 3);
    assert_eq!(second["entities"][0]["id"], ids[2]);
    let mut seen = Vec::new();
    let mut next = Some(format!("{ACTIONS}?pageSize=2"));
    while let Some(page) = next {
        let page = world.get(&page).await.expect(200);
        seen.extend(page["entities"].as_array().unwrap().iter().map(id_of));
        next = page["nextUri"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ids);
    let beyond = world
        .get(&format!("{ACTIONS}?pageNumber=9"))
        .await
        .expect(200);
    assert_eq!(beyond["entities"], json!([]));
    for query in ["pageSize=0", "pageSize=x", "pageSize=101", "pageNumber=0"] {
        let refused = world.get(&format!("{ACTIONS}?{query}")).await;
        refused.refusal(400, "invalid.query.param.value");
    }
    world.switch("large_page", "clamp");
    let clamped = world
        .get(&format!("{ACTIONS}?pageSize=500"))
        .await
        .expect(200);
    assert_eq!(clamped["pageSize"], 100);
}

#[tokio::test]
async fn actions_are_found_by_part_of_their_name_ids_category_and_secure() {
    let world = World::new().await;
    let integration = world.integration().await;
    let order = world.action(&integration, "Order Lookup").await;
    let refund = world.action(&integration, "Refund").await;
    let mut body = action_body(&integration, "Secret order");
    body["secure"] = json!(true);
    body["category"] = json!("Other");
    let secret = id_of(&world.post(ACTIONS, &body).await.expect(201));
    for (query, expected) in [
        ("name=order".to_owned(), vec![&order, &secret]),
        (format!("ids={refund},{order}"), vec![&order, &refund]),
        ("category=Other".to_owned(), vec![&secret]),
        (
            "secure=false&sortBy=name&sortOrder=desc".to_owned(),
            vec![&refund, &order],
        ),
        (
            format!("sortBy=secure&ids={secret}&ids={order}"),
            vec![&order, &secret],
        ),
    ] {
        let list = world.get(&format!("{ACTIONS}?{query}")).await.expect(200);
        let ids: Vec<String> = list["entities"]
            .as_array()
            .unwrap()
            .iter()
            .map(id_of)
            .collect();
        assert_eq!(ids.iter().collect::<Vec<_>>(), expected, "{query}");
        assert!(list["entities"][0].get("config").is_none());
    }
    let with = world
        .get(&format!("{ACTIONS}?includeConfig=true"))
        .await
        .expect(200);
    assert_eq!(
        with["entities"][0]["config"]["request"]["requestUrlTemplate"],
        FUNCTION
    );
    let many = vec!["x"; 51].join(",");
    let refused = world.get(&format!("{ACTIONS}?ids={many}")).await;
    refused.refusal(400, "invalid.query.param.value");
}

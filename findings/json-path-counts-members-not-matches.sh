#!/usr/bin/env bash
# com.jayway.jsonpath:json-path 2.9.0 (Maven Central), the JSONPath of many Java services.
#
# Its README says that the input of a function at the end of a path is the output of the path. length() of an
# indefinite path is not: behind a wildcard or a filter it counts the members of each match and gives a list, and
# behind a deep scan that ends in plain values it gives 0, although sum() of the same path adds those values. Who
# counts matches (orders of a customer, participants of a call) gets a plausible wrong number and no error.
#
# Seen: two orders, each with the members "id" and "price".
#
# Needs Java 17 and Maven, and Maven Central. Exits with 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/pom.xml" <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>com.jayway.jsonpath</groupId><artifactId>json-path</artifactId><version>2.9.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>2.0.11</version></dependency>
  </dependencies>
</project>
XML
mvn --quiet --batch-mode --file "$folder/pom.xml" dependency:build-classpath -Dmdep.outputFile="$folder/classpath" >/dev/null

cat > "$folder/Finding.java" <<'JAVA'
import com.jayway.jsonpath.JsonPath;

public class Finding {
    static final String ORDERS = "{\"orders\":[{\"id\":\"a\",\"price\":4},{\"id\":\"b\",\"price\":6}]}";
    static boolean changed = false;

    static void reads(String path, String expected) {
        Object found = JsonPath.parse(ORDERS).read(path);
        System.out.printf("%-36s %s%n", path, found);
        changed |= !expected.equals(String.valueOf(found));
    }

    public static void main(String[] arguments) {
        System.out.println(ORDERS);
        reads("$.orders.length()", "2");
        reads("$.orders[*]", "[{\"id\":\"a\",\"price\":4},{\"id\":\"b\",\"price\":6}]");
        reads("$.orders[*].length()", "[2,2]");
        reads("$.orders[?(@.price > 4)].length()", "[2]");
        reads("$..price", "[4,6]");
        reads("$..price.sum()", "10.0");
        reads("$..price.length()", "0");
        if (changed) {
            System.err.println("the behaviour has changed");
            System.exit(1);
        }
    }
}
JAVA
java -cp "$(cat "$folder/classpath")" "$folder/Finding.java"

use crate::program::run;

#[test]
fn each_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, 0, "{shell}");
        assert!(
            ran.out.contains("validate") && ran.out.contains("genesys-role"),
            "{shell}"
        );
    }
    let ran = run(&["completions", "cmd"]);
    assert_eq!(ran.code, 2);
}

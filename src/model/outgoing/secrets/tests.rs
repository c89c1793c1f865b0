//! What is found, and what is left alone.

/// Finds are written as `«…»` in `expected`.
fn check(expected: &str) {
    let text = expected.replace(['«', '»'], "");
    let mut shown = text.clone();
    for find in super::find(&text).iter().rev() {
        shown.insert(find.range.end, '»');
        shown.insert(find.range.start, '«');
    }
    assert_eq!(shown, expected);
}

#[test]
fn tokens_of_vendors() {
    for token in [
        "AKIAQYLPMN5HFIQR7XYA",
        "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
        "github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0a1b2c3d4e5f6g7h8",
        "glpat-Kj3h4G5f6D7s8A9q0W1e",
        "xoxb-2048301758293-3048271659382-a8Kd93LsmQ02pLdk3Mns8Qpz",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "sk-ant-api03-a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8-AbCdEfGh",
        "sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4",
        "sk-a1B2c3D4e5F6g7H8i9J0k1L2",
        "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
        "npm_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
        "pypi-AgEIcHlwaS5vcmcCJGE0ZjM2Y2E1LWQ5NTktNDk1Yi04ZGUyLTM5ZTY4ZjQ0NzU2Mg",
        "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
    ] {
        check(&format!("a «{token}» b"));
        check(&format!("f(\"«{token}»\");"));
    }
}

#[test]
fn what_only_begins_like_a_token() {
    for text in [
        "sk-fading-circle-with-a-long-name",
        "npm_config_cache",
        "hf_hub_download",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-your-key-here-0123456789",
        "task-ant-api03",
        "eyJust.words.here",
        "AIza",
        "xoxb-token",
    ] {
        check(text);
    }
}

#[test]
fn private_keys_keep_their_lines() {
    check(concat!(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n",
        "«MIIEvQIBADANBgkqhkiG9w0BAQEFAASC»\n  «BKcwggSjAgEAAoIBAQC7»\n«ab==»\n-----END RSA PRIVATE KEY-----\nafter\n",
    ));
    check(
        r#""-----BEGIN PRIVATE KEY-----\n«MIIEvQIBADANBgkqhkiG9w0BAQEFAASC»\n«BKcwggSjAgEAAoIBAQC7»\n-----END PRIVATE KEY-----\n""#,
    );
    check("-----BEGIN OPENSSH PRIVATE KEY-----\r\n«b3BlbnNzaC1rZXktdjEAAAAABG5vbmU»\r\n");
}

#[test]
fn code_about_keys_is_no_key() {
    check("if line == \"-----BEGIN PRIVATE KEY-----\" { Some(parse(line, key_block_of_the_file)) }");
    check("PEM_HEAD = '-----BEGIN PRIVATE KEY-----'\nNEXT = 1\n");
    check("-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END CERTIFICATE-----\n");
}

#[test]
fn headers() {
    check("Authorization: Bearer «Xy7kPq2Lm9Rt4Wv8Zb3Nc6»");
    check("headers = {'Authorization': 'Basic «dXNlcjpYeTdrUHEyTG05UnQ0V3Y4»'}");
    check("curl -H \"X-Api-Key: «Xy7kPq2Lm9Rt4Wv8Zb3Nc6»\" https://a");
    check("req.header(\"Authorization\", \"Bearer «Xy7kPq2Lm9Rt4Wv8Zb3Nc6»\")");
    check("Authorization: Bearer ${TOKEN_OF_2024_FOR_CI}");
    check("Authorization: Bearer <Xy7kPq2Lm9Rt4Wv8Zb3Nc6>");
    check("the bearer presented credentials2024");
}

#[test]
fn passwords_in_urls() {
    check("postgres://app:«kd8.sK2»@db.internal:5432/x?y=z@w");
    check("https://user:«p:a:s9»@host");
    check("redis://:«f00bAr9»@cache");
    for text in [
        "postgres://postgres:postgres@localhost/x",
        "https://user:password@host",
        "https://user:${PASS}@host",
        "https://user:<pass>@host",
        "ssh://git@github.com/a:b",
        "https://host:8080/a@b",
        "https://a.b/c:d@e",
    ] {
        check(text);
    }
}

#[test]
fn values_of_telling_names() {
    for text in [
        "password = \"«Tr0ub4dor&3»\"",
        "DB_PASSWORD=«kd8sK2mQ9xLp3»\nNEXT=1",
        "\"api_key\": \"«Xy7kPq2Lm9Rt4Wv8»\",",
        "const API_KEY: &str = \"«Xy7kPq2Lm9Rt4Wv8»\";",
        "let token: string = '«Xy7kPq2Lm9Rt4Wv8»'",
        "var clientSecret = `«Xy7kPq2Lm9Rt4Wv8»`",
        "secret_key: «Xy7kPq2Lm9Rt4Wv8»",
        "config['secret'] = '«Xy7kPq2Lm9Rt4Wv8»'",
        "builder.password(\"«Xy7kPq2Lm9Rt4Wv8»\")",
        "Server=db;User Id=a;Password=«Xy7kPq2Lm9Rt4»;Encrypt=true",
        "AccountKey=«Xy7kPq2Lm9Rt4Wv8Xy7kPq2Lm9Rt4Wv8Zb3Nc6==»;EndpointSuffix=x",
        "aws_secret_access_key = «wJalrXUtnFEMI/K7MDENG/bPxRfiCYzK3jd9sLq0»",
        "{\\\"password\\\": \\\"«Tr0ub4dor&3»\\\"}",
        "passwort: x, token := \"«Xy7kPq2Lm9Rt4Wv8»\"",
        "password = \"«Tr0ub4dor&3»",
        "password = \"«Tr0ub4dor&3»\r\nnext",
    ] {
        check(text);
    }
}

#[test]
fn values_that_are_none() {
    for text in [
        "password = os.environ[\"DB_PASSWORD_2\"]",
        "password = \"changeme123\"",
        "password: ${DB_PASSWORD_1}",
        "token = self.next_token2()",
        "let token = tokens[index2].value",
        "token_url = \"https://a.b/oauth2/v2.0/token\"",
        "secret: test-Xy7kPq2Lm9Rt4",
        "password = \"correct horse battery staple\"",
        "max_tokens = 4096",
        "def test(password): return hash2(password)",
        "fn token(&self) -> Token2024Kind",
        "api_key: process.env.API_KEY2",
        "secretName: my-app-secret-v2",
        "const TOKEN_HEADER: &str = \"X-Auth-Token2\";",
        "token: Option<String>",
        "\"password\": \"string\"",
        "# password = see https://wiki/x9Kd83",
        "tokenizer = \"cl100k_base\"",
        "password_hash = hasher.hash_password2",
        "secret_access_key = var.secret_key_1",
    ] {
        check(text);
    }
}

#[test]
fn hostile_texts_end() {
    // Each would take minutes if a piece were read again for every place in it.
    for piece in [
        "token",
        "token=",
        "token='",
        "token: ",
        "token=(",
        "sk-",
        "sk-a1",
        "eyJ",
        "eyJ.",
        "bearer ",
        "authorization=",
        "a://",
        "://x:",
        "-----BEGIN PRIVATE KEY-----\n",
        "REDACTED-",
        "AKIA",
        "password:x|",
        "glpat-.",
    ] {
        let text = piece.repeat(300_000 / piece.len());
        let _ = super::find(&text);
    }
}

# What cannot work is refused before anything is made.

mock_provider "aws" {
  source          = "./tests/mock"
  override_during = plan
}

variables {
  package = "versions.tf" # any file: nothing is made of it
}

run "no_package" {
  command = plan

  variables {
    package = "nothing.zip"
  }

  expect_failures = [var.package]
}

run "name_with_capitals" {
  command = plan

  variables {
    name = "Cordon"
  }

  expect_failures = [var.name]
}

run "severity_beyond_the_scale" {
  command = plan

  variables {
    min_severity = 11
  }

  expect_failures = [var.min_severity]
}

run "type_with_a_wildcard" {
  command = plan

  variables {
    finding_types = ["Recon:*"]
  }

  expect_failures = [var.finding_types]
}

run "webhook_instead_of_its_secret" {
  command = plan

  variables {
    slack_webhook_secret_arn = "https://hooks.slack.com/services/T/B/X"
  }

  expect_failures = [var.slack_webhook_secret_arn]
}

run "jira_without_project_and_token" {
  command = plan

  variables {
    jira_url = "https://example.atlassian.net"
  }

  expect_failures = [var.jira_project, var.jira_token_secret_arn]
}

run "jira_without_tls" {
  command = plan

  variables {
    jira_url              = "http://example.atlassian.net"
    jira_project          = "SEC"
    jira_token_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:jira-AbCdEf"
  }

  expect_failures = [var.jira_url]
}

run "retention_that_logs_do_not_have" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "lock_of_less_than_nothing" {
  command = plan

  variables {
    object_lock_days = -1
  }

  expect_failures = [var.object_lock_days]
}

run "override_that_is_no_yaml" {
  command = plan

  variables {
    config_override = "ec2: {"
  }

  expect_failures = [var.config_override]
}

run "package_for_another_processor" {
  command = plan

  variables {
    package      = "tests/mock/arm64.zip"
    architecture = "x86_64"
  }

  expect_failures = [var.package]
}

run "identity_that_is_empty" {
  command = plan

  variables {
    protected_identities = ["admin", ""]
  }

  expect_failures = [var.protected_identities]
}

run "unknown_processor" {
  command = plan

  variables {
    architecture = "riscv64"
  }

  expect_failures = [var.architecture]
}

run "role_arn_instead_of_its_name" {
  command = plan

  variables {
    member_role_name = "arn:aws:iam::111122223333:role/cordon-member"
  }

  expect_failures = [var.member_role_name]
}

mock_provider "aws" {
  source          = "./tests/mock"
  override_during = plan
}

variables {
  package = "versions.tf" # any file: nothing is made of it
}

run "live_response_on" {
  command = plan

  variables {
    live_response         = true
    live_response_seconds = 120
  }

  assert {
    condition     = local.config.ec2.live_response == { channel = "https", seconds = 120 }
    error_message = "443 is opened for that long."
  }

  assert {
    condition     = local.config.ec2.quarantine_profile == aws_iam_instance_profile.quarantine.arn
    error_message = "Live response runs under the quarantine profile."
  }
}

run "object_lock_on" {
  command = plan

  variables {
    object_lock_days = 30
  }

  assert {
    condition     = aws_s3_bucket.evidence.object_lock_enabled && aws_s3_bucket_object_lock_configuration.evidence[0].rule[0].default_retention[0].days == 30
    error_message = "Evidence is locked for 30 days."
  }
}

run "evidence_is_kept_for_ever" {
  command = plan

  variables {
    evidence_retention_days = 0
  }

  assert {
    condition     = length([for r in aws_s3_bucket_lifecycle_configuration.evidence.rule : r if length(r.expiration) > 0]) == 0
    error_message = "Nothing expires."
  }
}

run "everyone_is_told" {
  command = plan

  variables {
    notification_email       = "soc@example.com"
    slack_webhook_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:slack-AbCdEf"
    jira_url                 = "https://example.atlassian.net"
    jira_project             = "SEC"
    jira_user                = "bot@example.com"
    jira_token_secret_arn    = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:jira-AbCdEf"
    security_hub             = true
  }

  assert {
    condition     = aws_sns_topic_subscription.email[0].endpoint == "soc@example.com"
    error_message = "The address is subscribed."
  }

  assert {
    condition     = local.config.notify.slack.webhook == "secretsmanager:arn:aws:secretsmanager:eu-west-1:111122223333:secret:slack-AbCdEf"
    error_message = "The function reads the webhook from Secrets Manager."
  }

  assert {
    condition     = local.config.notify.jira.type == "Task" && local.config.notify.jira.token == "secretsmanager:${var.jira_token_secret_arn}"
    error_message = "The function reads Jira's token from Secrets Manager."
  }
}

run "only_some_findings" {
  command = plan

  variables {
    min_severity  = 7.5
    finding_types = ["Backdoor:EC2/C&CActivity.B!DNS", "Recon:EC2/PortProbeUnprotectedPort"]
  }

  assert {
    condition     = jsonencode(jsondecode(aws_cloudwatch_event_rule.rule.event_pattern).detail) == jsonencode({ severity = [{ numeric = [">=", 7.5] }], type = var.finding_types })
    error_message = "The rule takes these types alone, from that severity on."
  }
}

run "override_and_members" {
  command = plan

  variables {
    config_override    = "ec2: {live_response: {commands: [uname -a]}}"
    member_role_name   = "cordon-member"
    member_external_id = "cordon-1"
  }

  assert {
    condition     = aws_lambda_function.function.environment[0].variables["CORDON_CONFIG_OVERRIDE"] == var.config_override
    error_message = "The function reads the override as it is."
  }

  assert {
    condition     = local.config.accounts == { own = "111122223333", role = "cordon-member", external_id = "cordon-1" }
    error_message = "Other accounts are answered with that role."
  }
}

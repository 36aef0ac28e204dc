mock_provider "aws" {
  source          = "./tests/mock"
  override_during = plan
}

variables {
  package = "versions.tf" # any file: nothing is made of it
}

run "defaults" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.rule.event_pattern) == { source = ["aws.guardduty"], "detail-type" = ["GuardDuty Finding"], detail = { severity = [{ numeric = [">=", 4] }] } }
    error_message = "The rule takes every GuardDuty finding from severity 4 on."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0 && length(aws_s3_bucket_object_lock_configuration.evidence) == 0
    error_message = "No subscription and no object lock unless they are asked for."
  }

  assert {
    condition     = local.config.notify.slack == null && local.config.notify.jira == null && !local.config.notify.securityhub
    error_message = "No channel but the topic unless it is asked for."
  }

  assert {
    condition     = local.config.ec2.live_response.channel == null && local.config.ec2.cut_established
    error_message = "No live response unless it is asked for; live connections are cut."
  }

  assert {
    condition     = jsonencode(local.config.accounts) == jsonencode({ own = "111122223333", role = null, external_id = null })
    error_message = "This account alone."
  }

  assert {
    condition     = local.config.vault == "s3://cordon-evidence-111122223333-eu-west-1/cordon" && local.config.store == "dynamodb://cordon-cases"
    error_message = "The function's store and vault are the module's own."
  }

  assert {
    condition     = keys(aws_lambda_function.function.environment[0].variables) == tolist(["CORDON_CONFIG"])
    error_message = "No override unless it is given."
  }

  assert {
    condition     = aws_lambda_function.function.source_code_hash == filebase64sha256("versions.tf")
    error_message = "A new zip is a new version of the function."
  }

  assert {
    condition     = aws_dynamodb_table.table.deletion_protection_enabled && aws_dynamodb_table.table.point_in_time_recovery[0].enabled && !aws_s3_bucket.evidence.force_destroy
    error_message = "Cases and evidence are protected."
  }
}

run "tags" {
  command = plan

  variables {
    tags = { team = "security" }
  }

  assert {
    condition = alltrue([for tags in [
      aws_kms_key.key.tags, aws_sns_topic.topic.tags, aws_s3_bucket.evidence.tags, aws_dynamodb_table.table.tags,
      aws_sqs_queue.dead_letter.tags, aws_cloudwatch_event_rule.rule.tags, aws_sfn_state_machine.state_machine.tags,
      aws_lambda_function.function.tags, aws_iam_role.function.tags, aws_iam_role.quarantine.tags,
      aws_iam_role.rule.tags, aws_iam_role.state_machine.tags, aws_iam_instance_profile.quarantine.tags,
      aws_cloudwatch_log_group.function.tags, aws_cloudwatch_log_group.state_machine.tags,
    ] : tags == tomap({ "cordon:deployment" = "cordon", team = "security" })])
    error_message = "Every resource that can have tags has them."
  }

  assert {
    condition     = alltrue([for a in aws_cloudwatch_metric_alarm.alarm : a.tags.team == "security" && a.alarm_actions == toset([aws_sns_topic.topic.arn])])
    error_message = "Every alarm has the tags and goes to the topic."
  }
}

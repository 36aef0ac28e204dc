# The function that does every task of the state machine.

resource "aws_lambda_function" "function" {
  function_name    = var.name
  description      = "Cordon: contains what a GuardDuty finding names"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = 256
  timeout          = 900
  role             = aws_iam_role.function.arn
  tags             = local.tags

  environment {
    variables = merge(
      { CORDON_CONFIG = jsonencode(local.config) },
      var.config_override == "" ? {} : { CORDON_CONFIG_OVERRIDE = var.config_override },
    )
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function.name
  }

  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy_attachment.function]
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

locals {
  # cordon.yaml. A key that is null keeps its default.
  config = {
    store = "dynamodb://${aws_dynamodb_table.table.name}"
    vault = "s3://${aws_s3_bucket.evidence.bucket}/cordon"
    accounts = {
      own         = local.account
      role        = var.member_role_name == "" ? null : var.member_role_name
      external_id = var.member_external_id == "" ? null : var.member_external_id
    }
    notify = {
      sns   = { topic = aws_sns_topic.topic.arn }
      slack = var.slack_webhook_secret_arn == "" ? null : { webhook = "secretsmanager:${var.slack_webhook_secret_arn}" }
      jira = var.jira_url == "" ? null : {
        url     = var.jira_url
        project = var.jira_project
        type    = var.jira_type
        user    = var.jira_user == "" ? null : var.jira_user
        token   = "secretsmanager:${var.jira_token_secret_arn}"
      }
      securityhub = var.security_hub
    }
    ec2 = {
      quarantine_profile = aws_iam_instance_profile.quarantine.arn
      live_response = {
        channel = var.live_response ? "https" : null
        seconds = var.live_response_seconds
      }
      cut_established     = var.cut_established
      revoke_shared_roles = var.revoke_shared_roles
      block_remote_ips    = var.block_remote_ips
    }
    iam = {
      protected = var.protected_identities
      all_keys  = var.disable_all_keys
    }
    s3             = { sources = var.contain_source_buckets }
    false_positive = { suppress_days = var.suppress_days }
  }
}

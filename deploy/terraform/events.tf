# A finding starts the state machine; one that could not be delivered within a day waits in the dead-letter queue.

resource "aws_cloudwatch_event_rule" "rule" {
  name        = var.name
  description = "GuardDuty findings for Cordon"
  tags        = local.tags

  # The detail-type is pinned: GuardDuty's other events (scan results, coverage) are no findings.
  event_pattern = jsonencode({
    source        = ["aws.guardduty"]
    "detail-type" = ["GuardDuty Finding"]
    detail = merge(
      { severity = [{ numeric = [">=", var.min_severity] }] },
      length(var.finding_types) == 0 ? {} : { type = var.finding_types },
    )
  })
}

resource "aws_cloudwatch_event_target" "rule" {
  rule      = aws_cloudwatch_event_rule.rule.name
  target_id = "StateMachine"
  arn       = aws_sfn_state_machine.state_machine.arn
  role_arn  = aws_iam_role.rule.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letter.arn
  }
}

resource "aws_iam_role" "rule" {
  name               = "${var.name}-rule-${local.region}"
  description        = "EventBridge starts Cordon's state machine with it"
  assume_role_policy = local.trust["events"]
  tags               = local.tags
}

resource "aws_iam_role_policy" "rule" {
  name = "start"
  role = aws_iam_role.rule.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "states:StartExecution"
      Resource = aws_sfn_state_machine.state_machine.arn
    }]
  })
}

resource "aws_sqs_queue" "dead_letter" {
  name                      = "${var.name}-dead-letter"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true # SQS's own key: this net must hold whatever becomes of ours
  tags                      = local.tags
}

resource "aws_sqs_queue_policy" "dead_letter" {
  queue_url = aws_sqs_queue.dead_letter.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.dead_letter.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.rule.arn } }
    }]
  })
}

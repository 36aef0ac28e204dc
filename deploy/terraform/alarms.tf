# What has to wake someone. Every alarm goes to the topic.

locals {
  alarms = {
    DeadLetterQueueNotEmpty = {
      description = "Findings could not be delivered to the state machine; they wait in the dead-letter queue"
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
      dimensions  = { QueueName = aws_sqs_queue.dead_letter.name }
    }
    StateMachineFailed = {
      description = "A case did not end as policy says: cordon cases lists it"
      namespace   = "AWS/States"
      metric      = "ExecutionsFailed"
      statistic   = "Sum"
      dimensions  = { StateMachineArn = aws_sfn_state_machine.state_machine.arn }
    }
    StateMachineTimedOut = {
      description = "The answer to a finding did not end in time"
      namespace   = "AWS/States"
      metric      = "ExecutionsTimedOut"
      statistic   = "Sum"
      dimensions  = { StateMachineArn = aws_sfn_state_machine.state_machine.arn }
    }
    StateMachineAborted = {
      description = "Someone stopped the answer to a finding"
      namespace   = "AWS/States"
      metric      = "ExecutionsAborted"
      statistic   = "Sum"
      dimensions  = { StateMachineArn = aws_sfn_state_machine.state_machine.arn }
    }
    StateMachineThrottled = {
      description = "Step Functions slows the answers down"
      namespace   = "AWS/States"
      metric      = "ExecutionThrottled"
      statistic   = "Sum"
      dimensions  = { StateMachineArn = aws_sfn_state_machine.state_machine.arn }
    }
    FunctionThrottled = {
      description = "Lambda slows the answers down: raise the concurrency of the account"
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      statistic   = "Sum"
      dimensions  = { FunctionName = aws_lambda_function.function.function_name }
    }
    FunctionErrors = {
      # A task that waits (for a snapshot, for another execution) ends in an error that the state machine retries: some
      # errors are the normal course. One answer that fails is StateMachineFailed; this is for a flood.
      description = "The function has failed unusually often for a quarter of an hour"
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      statistic   = "Sum"
      dimensions  = { FunctionName = aws_lambda_function.function.function_name }
      threshold   = 300
      period      = 300
      periods     = 3
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "alarm" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = try(each.value.threshold, 0)
  period              = try(each.value.period, 60)
  evaluation_periods  = try(each.value.periods, 1)
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.topic.arn]
  tags                = local.tags
}

# What happens, on one page.

locals {
  machine  = ["StateMachineArn", aws_sfn_state_machine.state_machine.arn]
  function = ["FunctionName", aws_lambda_function.function.function_name]

  # x, y, width, title, statistic, and a line each: namespace, metric, dimensions …, how it is drawn.
  widgets = [
    {
      at = [0, 0, 12], title = "Findings answered: clean, dirty", stat = "Sum"
      metrics = [
        concat(["AWS/States", "ExecutionsSucceeded"], local.machine, [{ label = "clean" }]),
        concat(["AWS/States", "ExecutionsFailed"], local.machine, [{ label = "dirty" }]),
        concat(["AWS/States", "ExecutionsTimedOut"], local.machine, [{ label = "timed out" }]),
        concat(["AWS/States", "ExecutionsAborted"], local.machine, [{ label = "aborted" }]),
      ]
    },
    {
      at = [12, 0, 12], title = "How long an answer takes", stat = null
      metrics = [
        concat(["AWS/States", "ExecutionTime"], local.machine, [{ stat = "p50", label = "half of them" }]),
        concat(["AWS/States", "ExecutionTime"], local.machine, [{ stat = "Maximum", label = "the longest" }]),
        concat(["AWS/Lambda", "Duration"], local.function, [{ stat = "p99", label = "one task" }]),
      ]
    },
    {
      at = [0, 6, 8], title = "Findings matched, not delivered", stat = "Sum"
      metrics = [
        ["AWS/Events", "MatchedEvents", "RuleName", var.name, { label = "matched" }],
        ["AWS/Events", "FailedInvocations", "RuleName", var.name, { label = "not delivered" }],
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.dead_letter.name, { stat = "Maximum", label = "in the dead-letter queue" }],
      ]
    },
    {
      at = [8, 6, 8], title = "Throttles", stat = "Sum"
      metrics = [
        concat(["AWS/Lambda", "Throttles"], local.function, [{ label = "Lambda" }]),
        concat(["AWS/States", "ExecutionThrottled"], local.machine, [{ label = "Step Functions" }]),
        ["AWS/DynamoDB", "ThrottledRequests", "TableName", aws_dynamodb_table.table.name, "Operation", "UpdateItem", { label = "DynamoDB" }],
      ]
    },
    {
      at = [16, 6, 8], title = "Tasks", stat = "Sum"
      metrics = [
        concat(["AWS/Lambda", "Invocations"], local.function, [{ label = "run" }]),
        concat(["AWS/Lambda", "Errors"], local.function, [{ label = "failed or waiting" }]),
        concat(["AWS/Lambda", "ConcurrentExecutions"], local.function, [{ stat = "Maximum", label = "at once" }]),
      ]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "dashboard" {
  dashboard_name = "${var.name}-${local.region}" # dashboards are global

  dashboard_body = jsonencode({
    widgets = [for w in local.widgets : {
      type   = "metric"
      x      = w.at[0]
      y      = w.at[1]
      width  = w.at[2]
      height = 6
      properties = merge(
        { title = w.title, region = local.region, period = 300, view = "timeSeries", metrics = w.metrics },
        w.stat == null ? {} : { stat = w.stat },
      )
    }]
  })
}

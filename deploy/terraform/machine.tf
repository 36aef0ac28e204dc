# The playbooks as a state machine; cordon asl prints the same text.

resource "aws_sfn_state_machine" "state_machine" {
  name     = var.name
  type     = "STANDARD"
  role_arn = aws_iam_role.state_machine.arn
  tags     = local.tags

  definition = templatefile("${path.module}/../cordon.asl.json", {
    FunctionArn = aws_lambda_function.function.arn
    Partition   = local.partition
  })

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.state_machine.arn}:*"
  }

  depends_on = [aws_iam_role_policy.state_machine]
}

resource "aws_cloudwatch_log_group" "state_machine" {
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

resource "aws_iam_role" "state_machine" {
  name               = "${var.name}-state-machine-${local.region}"
  description        = "Cordon's state machine invokes the function with it"
  assume_role_policy = local.trust["states"]
  tags               = local.tags
}

resource "aws_iam_role_policy" "state_machine" {
  name = "invoke"
  role = aws_iam_role.state_machine.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = aws_lambda_function.function.arn
      },
      {
        # Delivery of vended logs has no resources to name.
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
        ]
        Resource = "*"
      },
    ]
  })
}

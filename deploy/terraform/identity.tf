# The function's role, and the profile that an isolated instance has while live response runs on it: it can reach Systems
# Manager and hand over what was found. It cannot read evidence; S3 may decrypt for it the parts of what it uploads (more
# than 5 MB go up in parts).
# IAM is global: the roles carry the Region, so that each Region can have its deployment.

locals {
  # Trust in one service, by its short name. EventBridge and Step Functions say for which account they work.
  trust = {
    for service in ["ec2", "events", "lambda", "states"] : service => jsonencode({
      Version = "2012-10-17"
      Statement = [merge(
        {
          Effect    = "Allow"
          Principal = { Service = service == "ec2" ? "ec2.${local.suffix}" : "${service}.amazonaws.com" }
          Action    = "sts:AssumeRole"
        },
        contains(["events", "states"], service) ? { Condition = { StringEquals = { "aws:SourceAccount" = local.account } } } : {},
      )]
    })
  }

  # What the templates of the function's policy name.
  policy = {
    Partition             = local.partition
    Account               = local.account
    Region                = local.region
    Name                  = var.name
    TableArn              = aws_dynamodb_table.table.arn
    BucketArn             = aws_s3_bucket.evidence.arn
    KeyArn                = aws_kms_key.key.arn
    TopicArn              = aws_sns_topic.topic.arn
    LogArn                = aws_cloudwatch_log_group.function.arn
    MemberRoleName        = var.member_role_name
    LiveResponse          = var.live_response
    BlockRemoteIps        = var.block_remote_ips
    SecurityHub           = var.security_hub
    SlackWebhookSecretArn = var.slack_webhook_secret_arn
    JiraTokenSecretArn    = var.jira_token_secret_arn
  }
}

resource "aws_iam_role" "function" {
  name               = "${var.name}-function-${local.region}" # the module member trusts this name
  description        = "Cordon's function"
  assume_role_policy = local.trust["lambda"]
  tags               = local.tags
}

resource "aws_iam_role_policy" "function" {
  name = "cordon"
  role = aws_iam_role.function.name

  policy = templatefile("${path.module}/policies/function.json.tftpl", local.policy)
}

# The second part of the role's policy: an inline policy has no room for all.
resource "aws_iam_policy" "function" {
  name        = "${var.name}-function-${local.region}"
  description = "What Cordon's function reads anywhere, and does only when asked for"
  policy      = templatefile("${path.module}/policies/function-managed.json.tftpl", local.policy)
}

resource "aws_iam_role_policy_attachment" "function" {
  role       = aws_iam_role.function.name
  policy_arn = aws_iam_policy.function.arn
}

resource "aws_iam_role" "quarantine" {
  name               = "${var.name}-quarantine-${local.region}"
  description        = "An isolated instance has it while live response runs"
  assume_role_policy = local.trust["ec2"]
  tags               = local.tags
}

resource "aws_iam_instance_profile" "quarantine" {
  name = "${var.name}-quarantine-${local.region}"
  role = aws_iam_role.quarantine.name
  tags = local.tags
}

resource "aws_iam_role_policy" "quarantine" {
  name = "live-response"
  role = aws_iam_role.quarantine.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # The agent's own calls; they have no resources to name.
        Effect = "Allow"
        Action = [
          "ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint",
          "ec2messages:GetMessages", "ec2messages:SendReply", "ssm:UpdateInstanceInformation",
          "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ]
        Resource = "*"
      },
      {
        Effect   = "Allow" # what the agent writes, command/instance/…, and none of the names that Cordon writes; the agent sets an ACL
        Action   = ["s3:PutObject", "s3:PutObjectAcl"]
        Resource = "${aws_s3_bucket.evidence.arn}/cordon/c-*/live-response/*/i-*/*"
      },
      {
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = aws_kms_key.key.arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${local.suffix}" } }
      },
    ]
  })
}

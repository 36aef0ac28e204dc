# The role that Cordon answers this account's findings with. Deploy it in every member account; IAM is global, so once in
# each, whatever the number of Regions.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

resource "aws_iam_role" "member" {
  name                 = var.role_name
  description          = "Cordon in account ${var.hub_account} answers findings with it"
  max_session_duration = 3600
  tags                 = merge({ "cordon:deployment" = var.hub_name }, var.tags)

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${var.hub_account}:root" }
      Action    = "sts:AssumeRole"
      Condition = merge(
        # The function's role of every Region, the operators' role, and nothing else of that account. A name, not a principal: a
        # principal becomes an id that is lost with the deployment.
        { ArnLike = { "aws:PrincipalArn" = compact([
          "arn:${data.aws_partition.current.partition}:iam::${var.hub_account}:role/${var.hub_name}-function-*",
          var.operator_role_arn,
        ]) } },
        var.external_id == "" ? {} : { StringEquals = { "sts:ExternalId" = var.external_id } },
      )
    }]
  })
}

resource "aws_iam_role_policy" "member" {
  name = "cordon"
  role = aws_iam_role.member.name

  policy = templatefile("${path.module}/policies/member.json.tftpl", {
    Partition = data.aws_partition.current.partition
    Account   = data.aws_caller_identity.current.account_id
    RoleName  = var.role_name

    BlockRemoteIps = var.block_remote_ips
  })
}

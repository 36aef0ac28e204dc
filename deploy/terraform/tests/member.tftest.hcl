mock_provider "aws" {
  source          = "./tests/mock"
  override_during = plan
}

run "trusts_the_hub" {
  command = plan

  module {
    source = "./member"
  }

  variables {
    hub_account = "444455556666"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role.member.assume_role_policy).Statement[0].Condition) == jsonencode({
      ArnLike = { "aws:PrincipalArn" = "arn:aws:iam::444455556666:role/cordon-function-*" }
    })
    error_message = "The function's role alone may assume the role."
  }
}

run "wants_the_external_id" {
  command = plan

  module {
    source = "./member"
  }

  variables {
    hub_account = "444455556666"
    external_id = "cordon-1"
  }

  assert {
    condition     = jsondecode(aws_iam_role.member.assume_role_policy).Statement[0].Condition.StringEquals == { "sts:ExternalId" = "cordon-1" }
    error_message = "The external id is asked for."
  }
}

run "hub_that_is_no_account" {
  command = plan

  module {
    source = "./member"
  }

  variables {
    hub_account = "hub"
  }

  expect_failures = [var.hub_account]
}

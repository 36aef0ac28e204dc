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
      ArnLike = { "aws:PrincipalArn" = ["arn:aws:iam::444455556666:role/cordon-function-*"] }
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

run "trusts_the_operators" {
  command = plan

  module {
    source = "./member"
  }

  variables {
    hub_account       = "444455556666"
    operator_role_arn = "arn:aws:iam::444455556666:role/security/responder"
  }

  assert {
    condition     = jsondecode(aws_iam_role.member.assume_role_policy).Statement[0].Condition.ArnLike["aws:PrincipalArn"][1] == var.operator_role_arn
    error_message = "The operators' role may assume the role, too."
  }
}

run "operators_of_another_account" {
  command = plan

  module {
    source = "./member"
  }

  variables {
    hub_account       = "444455556666"
    operator_role_arn = "arn:aws:iam::111122223333:role/responder"
  }

  expect_failures = [var.operator_role_arn]
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

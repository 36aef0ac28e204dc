terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

variable "region" {
  description = "The Region whose findings are answered."
  type        = string
  default     = "eu-west-1"
}

variable "email" {
  description = "Who is told."
  type        = string
}

provider "aws" {
  region = var.region
}

module "cordon" {
  source = "../.."

  package            = "${path.root}/../../../../bin/lambda/arm64.zip" # make lambda
  min_severity       = 7
  notification_email = var.email
  live_response      = true

  config_override = yamlencode({
    ec2 = { live_response = { commands = ["uname -a", "ps auxwwf", "ss -tunap"] } }
  })

  tags = { team = "security" }
}

output "state_machine_arn" {
  description = "The state machine that answers findings."
  value       = module.cordon.state_machine_arn
}

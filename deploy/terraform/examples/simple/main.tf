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
  description = "The Region whose findings are answered. Not given: that of the environment (AWS_REGION, the profile)."
  type        = string
  default     = null
}

variable "email" {
  description = "Who is told."
  type        = string
}

variable "protected_identities" {
  description = "Names or globs of users and roles that are never touched: the break-glass ones."
  type        = list(string)
}

variable "architecture" {
  description = "The function's processor: arm64 or x86_64. make lambda builds for both."
  type        = string
  default     = "arm64"
}

variable "member_role_name" {
  description = "Name of the role that the module member made in the other accounts. Empty: this account alone."
  type        = string
  default     = ""
}

variable "member_external_id" {
  description = "External id that those roles ask for. Empty: none."
  type        = string
  default     = ""
}

provider "aws" {
  region = var.region
}

module "cordon" {
  source = "../.."

  package              = "${path.root}/../../../../bin/lambda/${var.architecture}.zip" # make lambda
  architecture         = var.architecture
  notification_email   = var.email
  protected_identities = var.protected_identities
  member_role_name     = var.member_role_name
  member_external_id   = var.member_external_id

  tags = { team = "security" }
}

output "cordon_yaml" {
  description = "cordon.yaml for the command line."
  value       = module.cordon.cordon_yaml
}

output "function_arn" {
  description = "The function that does the state machine's tasks."
  value       = module.cordon.function_arn
}

output "function_role_arn" {
  description = "The function's role: doctor --principal looks at what it may do."
  value       = module.cordon.function_role_arn
}

output "state_machine_arn" {
  description = "The state machine that answers findings."
  value       = module.cordon.state_machine_arn
}

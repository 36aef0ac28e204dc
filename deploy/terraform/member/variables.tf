variable "role_name" {
  description = "The role's name, the same in every account: member_role_name of the deployment."
  type        = string
  default     = "cordon-member"
  nullable    = false

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,64}$", var.role_name))
    error_message = "role_name must be 1 to 64 letters, digits and characters of +=,.@-_."
  }
}

variable "hub_account" {
  description = "The account that Cordon itself runs in."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.hub_account))
    error_message = "hub_account must be an account's id: 12 digits, in quotation marks."
  }
}

variable "hub_name" {
  description = "Name of the deployment there."
  type        = string
  default     = "cordon"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.hub_name))
    error_message = "hub_name must be 2 to 20 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "external_id" {
  description = "External id that Cordon has to give: member_external_id of the deployment. Empty: none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.external_id == "" || can(regex("^[\\w+=,.@:/-]{2,}$", var.external_id)) && length(var.external_id) <= 64
    error_message = "external_id must be 2 to 64 letters, digits and characters of +=,.@:/-_."
  }
}

variable "operator_role_arn" {
  description = "ARN of a role in hub_account whose people verify and release this account's cases, too. Empty: the function alone."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.operator_role_arn) <= 640 && can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", var.operator_role_arn))
    error_message = "operator_role_arn must be the ARN of a role, with its path."
  }

  validation {
    condition     = var.operator_role_arn == "" || strcontains(var.operator_role_arn, "::${var.hub_account}:role/")
    error_message = "operator_role_arn must be a role of hub_account."
  }
}

variable "block_remote_ips" {
  description = "As in the deployment; with false the role may not change network ACLs."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags for the role, beside cordon:deployment."
  type        = map(string)
  default     = {}
  nullable    = false
}

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
    condition     = var.external_id == "" || can(regex("^[\\w+=,.@:/-]{2,}$", var.external_id)) && length(var.external_id) <= 1224
    error_message = "external_id must be 2 to 1224 letters, digits and characters of +=,.@:/-_."
  }
}

variable "tags" {
  description = "Tags for the role, beside cordon:deployment."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "package" {
  description = "Path of the function's zip: bin/lambda/arm64.zip or bin/lambda/x86_64.zip from make lambda, as architecture says."
  type        = string

  validation {
    condition     = fileexists(var.package)
    error_message = "There is no file at package. Build it with make lambda, or download it from a release."
  }

  validation {
    condition     = !contains(["arm64.zip", "x86_64.zip"], basename(var.package)) || basename(var.package) == "${var.architecture}.zip"
    error_message = "package is built for another processor than architecture says."
  }
}

variable "name" {
  description = "The deployment's name: the resources carry it, and it begins the names of the bucket, the roles and the alarms."
  type        = string
  default     = "cordon"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "name must be 2 to 20 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "tags" {
  description = "Tags for every resource that can have them, beside cordon:deployment."
  type        = map(string)
  default     = {}
  nullable    = false
}

# ---- Which findings are answered ----

variable "min_severity" {
  description = "The least severity that is answered: 1 low, 4 medium, 7 high, 9 critical."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = can(regex("^([1-9](\\.[0-9])?|10)$", tostring(var.min_severity)))
    error_message = "min_severity must be a number between 1 and 10, with one decimal at most."
  }
}

variable "finding_types" {
  description = "The exact finding types that are answered (Backdoor:EC2/C&CActivity.B!DNS), 25 of them at most. None: every type."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for t in var.finding_types : can(regex("^[A-Za-z0-9]+:[A-Za-z0-9]+/[A-Za-z0-9.!_-]+(&[A-Za-z0-9.!_-]+)?$", t))])
    error_message = "finding_types must be exact types of GuardDuty, such as Recon:EC2/PortProbeUnprotectedPort."
  }

  validation {
    condition     = length(var.finding_types) <= 25 && length(join(",", var.finding_types)) <= 1700
    error_message = "finding_types must be 25 types at most: EventBridge takes patterns of 2048 characters."
  }
}

# ---- Who is told ----

variable "notification_email" {
  description = "Address that notices and alarms are sent to; it has to confirm the subscription. Empty: none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.notification_email) <= 254 && can(regex("^$|^[^@\\s\"\\\\]+@[^@\\s\"\\\\]+$", var.notification_email))
    error_message = "notification_email must be an e-mail address, or empty."
  }
}

variable "slack_webhook_secret_arn" {
  description = "ARN of the secret in Secrets Manager that holds the Slack webhook's address. Empty: no Slack."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.slack_webhook_secret_arn) <= 160 && can(regex("^$|^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[\\w/+=.@-]+$", var.slack_webhook_secret_arn))
    error_message = "slack_webhook_secret_arn must be the ARN of a secret (160 characters at most), never the webhook itself."
  }
}

variable "jira_url" {
  description = "Address of Jira (https://example.atlassian.net). Empty: no tickets."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.jira_url) <= 100 && can(regex("^$|^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$", var.jira_url))
    error_message = "jira_url must be https://, a host and a path, without user, query or fragment; 100 characters at most."
  }
}

variable "jira_project" {
  description = "Key of the Jira project that tickets are opened in."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.jira_project) <= 32 && can(regex("^$|^[A-Za-z][A-Za-z0-9_]*$", var.jira_project))
    error_message = "jira_project must be a project's key, such as SEC."
  }

  validation {
    condition     = (var.jira_url == "") == (var.jira_project == "")
    error_message = "jira_url and jira_project go together: give both, or neither."
  }
}

variable "jira_type" {
  description = "Type of the tickets."
  type        = string
  default     = "Task"
  nullable    = false

  validation {
    condition     = can(regex("^[^\"\\\\<>&$\r\n\t]{1,40}$", var.jira_type))
    error_message = "jira_type must be the name of an issue type, such as Task: 40 characters at most, none of \"\\<>&$."
  }
}

variable "jira_user" {
  description = "Jira Cloud: the e-mail address of the account that made the API token. Data Center: empty."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.jira_user) <= 80 && can(regex("^[A-Za-z0-9.!#%*+/=?^_|~@-]*$", var.jira_user))
    error_message = "jira_user must be an address of 80 characters at most, or empty; it has no colon, quotation mark or space."
  }
}

variable "jira_token_secret_arn" {
  description = "ARN of the secret in Secrets Manager that holds Jira's API token."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.jira_token_secret_arn) <= 160 && can(regex("^$|^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[\\w/+=.@-]+$", var.jira_token_secret_arn))
    error_message = "jira_token_secret_arn must be the ARN of a secret (160 characters at most), never the token itself."
  }

  validation {
    condition     = (var.jira_url == "") == (var.jira_token_secret_arn == "")
    error_message = "jira_url and jira_token_secret_arn go together: give both, or neither."
  }
}

variable "security_hub" {
  description = "Whether Security Hub's copy of a finding is updated."
  type        = bool
  default     = false
  nullable    = false
}

# ---- How it is answered ----

variable "live_response" {
  description = "Whether commands that only read are run on an isolated host, over Systems Manager under the quarantine profile."
  type        = bool
  default     = false
  nullable    = false
}

variable "live_response_seconds" {
  description = "For how many seconds at most 443 stays open to Systems Manager for that."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.live_response_seconds >= 1 && var.live_response_seconds <= 3600 && floor(var.live_response_seconds) == var.live_response_seconds
    error_message = "live_response_seconds must be a whole number between 1 and 3600."
  }
}

variable "cut_established" {
  description = "Whether connections that an instance already has are ended, too."
  type        = bool
  default     = true
  nullable    = false
}

variable "revoke_shared_roles" {
  description = "Whether an instance role's sessions are revoked although other instances use the role."
  type        = bool
  default     = false
  nullable    = false
}

variable "block_remote_ips" {
  description = "Whether a finding's remote addresses are denied in the network ACLs of the instance's subnets, for all hosts there."
  type        = bool
  default     = false
  nullable    = false
}

variable "protected_identities" {
  description = "Names or globs of users and roles that are never touched (break-glass-*)."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for n in var.protected_identities : can(regex("^[\\w+=.@*?-]+$", n))])
    error_message = "protected_identities must be names or globs of users and roles, such as break-glass-*; ? stands for a comma in a name."
  }

  validation {
    condition     = length(join(",", var.protected_identities)) <= 200
    error_message = "protected_identities must have 200 characters at most, the commas between them counted."
  }
}

variable "disable_all_keys" {
  description = "Whether all of a user's access keys are disabled, not only the finding's."
  type        = bool
  default     = false
  nullable    = false
}

variable "contain_source_buckets" {
  description = "Whether buckets that a finding names as the source of an access are closed to the public, too."
  type        = bool
  default     = false
  nullable    = false
}

variable "suppress_days" {
  description = "For how many days a finding is not answered again after its case was released as a false positive. 0: not at all."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.suppress_days >= 0 && var.suppress_days <= 365 && floor(var.suppress_days) == var.suppress_days
    error_message = "suppress_days must be a whole number between 0 and 365."
  }
}

variable "config_override" {
  description = "More of cordon.yaml, read over what the variables say (the commands of live response, for example). 750 characters of ASCII at most."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[\\x20-\\x7e\\t\\r\\n]*$", var.config_override)) && length(var.config_override) <= 750 && (var.config_override == "" || can(yamldecode(var.config_override)))
    error_message = "config_override must be YAML as in cordon.yaml, 750 characters of ASCII at most: Lambda takes 4 KB of environment."
  }
}

# ---- Other accounts ----

variable "member_role_name" {
  description = "Name of the role that the module member made in the other accounts. Empty: this account alone."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(var.member_role_name) <= 96 && can(regex("^$|^([\\w+=,.@-]+/)*[\\w+=,.@-]{1,64}$", var.member_role_name))
    error_message = "member_role_name must be the name of a role (with its path, if it has one), not its ARN."
  }
}

variable "member_external_id" {
  description = "External id that those roles ask for. Empty: none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.member_external_id == "" || can(regex("^[\\w+=,.@:/-]{2,}$", var.member_external_id)) && length(var.member_external_id) <= 64
    error_message = "member_external_id must be 2 to 64 letters, digits and characters of +=,.@:/-_."
  }

  validation {
    condition     = var.member_external_id == "" || var.member_role_name != ""
    error_message = "member_external_id needs member_role_name."
  }
}

# ---- What is kept, and for how long ----

variable "evidence_retention_days" {
  description = "After how many days a case's evidence expires. 0: never."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.evidence_retention_days >= 0 && var.evidence_retention_days <= 36500 && floor(var.evidence_retention_days) == var.evidence_retention_days
    error_message = "evidence_retention_days must be 0 or a whole number of days, 36500 at most."
  }
}

variable "object_lock_days" {
  description = "For how many days no piece of evidence can be deleted (S3 Object Lock, governance mode). 0: off."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.object_lock_days >= 0 && var.object_lock_days <= 36500 && floor(var.object_lock_days) == var.object_lock_days
    error_message = "object_lock_days must be 0 or a whole number of days, 36500 at most."
  }
}

variable "log_retention_days" {
  description = "After how many days logs expire."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a retention that CloudWatch Logs has: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "architecture" {
  description = "The function's processor; package has to be built for it."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

output "state_machine_arn" {
  description = "The state machine that answers findings."
  value       = aws_sfn_state_machine.state_machine.arn
}

output "function_arn" {
  description = "The function that does its tasks."
  value       = aws_lambda_function.function.arn
}

output "function_role_arn" {
  description = "The role that the module member trusts in the other accounts."
  value       = aws_iam_role.function.arn
}

output "table_name" {
  description = "The table of cases: store: dynamodb://NAME in cordon.yaml."
  value       = aws_dynamodb_table.table.name
}

output "evidence_bucket_name" {
  description = "The bucket of evidence: vault: s3://NAME/cordon in cordon.yaml."
  value       = aws_s3_bucket.evidence.bucket
}

output "key_arn" {
  description = "The key that both are encrypted with."
  value       = aws_kms_key.key.arn
}

output "topic_arn" {
  description = "The topic of notices and alarms."
  value       = aws_sns_topic.topic.arn
}

output "quarantine_profile_arn" {
  description = "The instance profile that live response runs under."
  value       = aws_iam_instance_profile.quarantine.arn
}

output "dead_letter_queue_url" {
  description = "Where findings wait that could not be delivered."
  value       = aws_sqs_queue.dead_letter.url
}

output "cordon_yaml" {
  description = "cordon.yaml for the command line: the configuration of the function, less config_override."
  value       = jsonencode(local.config) # who releases a case has to protect what the function protects
}

output "config_override" {
  description = "What the function reads over that; merge it into cordon.yaml."
  value       = var.config_override == "" ? null : var.config_override
}

# Cases and records.

resource "aws_dynamodb_table" "table" {
  name                        = "${var.name}-cases"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = true
  tags                        = local.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  attribute {
    name = "gsipk"
    type = "S"
  }

  attribute {
    name = "gsisk"
    type = "S"
  }

  global_secondary_index {
    name            = "list"
    hash_key        = "gsipk"
    range_key       = "gsisk"
    projection_type = "KEYS_ONLY"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.key.arn
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  lifecycle {
    prevent_destroy = true
  }
}

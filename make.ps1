# The Makefile's targets on Windows, which has no make: .\make.ps1 install --accelerator cpu, .\make.ps1 test, .\make.ps1 help.
# Windows PowerShell 5.1 and later. Where scripts may not be run, .\make.cmd takes the same words.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'  # 5.1 draws its bar for longer than it downloads
$PSNativeCommandUseErrorActionPreference = $false  # Invoke-Program passes exit codes on as they are

$tool = Join-Path $PSScriptRoot '.tool'
$private = Join-Path $tool 'uv\Scripts\uv.exe'
$targets = 'help', 'install', 'verify', 'doctor', 'lock', 'lock-check', 'check', 'test', 'clean'
$requirements = @{ env = 'requirements\tool.txt'; conda = 'requirements\conda.txt'; dev = 'requirements\dev.txt' }

function Invoke-Program([string] $Program, [string[]] $Words) {
    & $Program @Words
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

# The address of the wheel on an index's page, and what shows the index who is asking.
function Get-WheelSource([string] $Wheel) {
    $given = @($env:PIP_INDEX_URL, $env:UV_DEFAULT_INDEX, $env:UV_INDEX_URL, 'https://pypi.org/simple' | Where-Object { $_ })
    $address = [Uri] ($given[0].TrimEnd('/') + '/uv/')
    $web = @{ UseBasicParsing = $true; Headers = @{ Accept = 'text/html' } }
    if ($address.UserInfo) {
        $user = [Text.Encoding]::UTF8.GetBytes([Uri]::UnescapeDataString($address.UserInfo))
        $web.Headers.Authorization = 'Basic ' + [Convert]::ToBase64String($user)
    }
    # 5.1 knows the system's proxy; the variables it does not know.
    $direct = ($env:NO_PROXY -split '[,\s]+') -contains $address.Host
    if ($env:HTTPS_PROXY -and -not $direct -and $PSVersionTable.PSVersion.Major -lt 6) {
        $web.Proxy = [Uri] $env:HTTPS_PROXY
        $name, $word = [Uri]::UnescapeDataString($web.Proxy.UserInfo) -split ':', 2
        if ($word) { $web.ProxyCredential = New-Object PSCredential $name, (ConvertTo-SecureString $word -AsPlainText -Force) }
    }
    $page = Invoke-WebRequest -Uri $address @web
    $pattern = '(?:href=|"url":\s*)["'']([^"''#]*' + [regex]::Escape($Wheel) + '(?:\?[^"''#]*)?)["''#]'
    $found = [regex]::Match([string] $page.Content, $pattern)
    if (-not $found.Success) { throw "The index at $($address.Host) does not offer $Wheel." }
    $answer = $page.BaseResponse
    $from = if ($answer -is [Net.WebResponse]) { $answer.ResponseUri } else { $answer.RequestMessage.RequestUri }
    $source = [Uri]::new($from, [Net.WebUtility]::HtmlDecode($found.Groups[1].Value))
    if ($source.Authority -ne $address.Authority) { $web.Headers.Remove('Authorization') }
    $web.Uri = $source
    return $web
}

# A uv: the one on PATH, else a private one, out of the wheel that requirements\uv.txt pins.
function Get-Uv {
    $found = Get-Command -Name 'uv.exe' -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($found) { return $found.Path }
    if (Test-Path -LiteralPath $private) { return $private }
    Write-Host 'Putting a private uv into .tool\uv'
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    Add-Type -AssemblyName 'System.IO.Compression.FileSystem'
    $pinned = Get-Content -Raw -LiteralPath (Join-Path $PSScriptRoot 'requirements\uv.txt')
    $version = [regex]::Match($pinned, '(?m)^uv==([0-9.]+)').Groups[1].Value
    $hashes = @([regex]::Matches($pinned, 'sha256:([0-9a-f]{64})') | ForEach-Object { $_.Groups[1].Value })
    $draft = Join-Path $tool "uv.$PID"
    $file = "$draft.whl"
    # On ARM64 too: TensorFlow has wheels for x86_64 alone, and Windows runs both.
    $web = Get-WheelSource "uv-$version-py3-none-win_amd64.whl"
    try {
        Invoke-WebRequest @web -OutFile $file
        $hash = (Get-FileHash -Algorithm SHA256 -LiteralPath $file).Hash.ToLowerInvariant()
        if ($hashes -notcontains $hash) { throw "What $($web.Uri.Host) sent for uv is not the file that requirements\uv.txt names." }
        [IO.Compression.ZipFile]::ExtractToDirectory($file, $draft)
        New-Item -ItemType Directory -Force -Path (Split-Path $private) | Out-Null
        Move-Item -Force -Path (Join-Path $draft "uv-$version.data\scripts\*") -Destination (Split-Path $private)
    } finally {
        Remove-Item -Recurse -Force -ErrorAction SilentlyContinue -LiteralPath $file, $draft
    }
    return $private
}

# One of the tool's own environments, made or brought up to date: as scripts/tool-environment does.
function Initialize-Environment([string] $Name) {
    $folder = Join-Path $tool $Name
    $ready = Join-Path $folder 'ready'
    $python = Join-Path $folder 'Scripts\python.exe'
    $sources = Get-Item -LiteralPath 'pyproject.toml', $requirements[$Name]
    if ((Test-Path -LiteralPath $ready) -and (Get-Content -Raw -LiteralPath $ready) -eq $PSScriptRoot) {
        $made = (Get-Item -LiteralPath $ready).LastWriteTimeUtc
        if (-not ($sources | Where-Object { $_.LastWriteTimeUtc -gt $made })) { return }
    }
    New-Item -ItemType Directory -Force -Path $tool | Out-Null
    $uv = Get-Uv
    Write-Host "Preparing tfsetup itself in .tool\$Name (once)"
    Invoke-Program $uv @('venv', '--quiet', '--no-project', '--clear', '--python', '>=3.11,<3.16', $folder)
    Invoke-Program $uv @('pip', 'sync', '--quiet', '--python', $python, '--require-hashes', '--only-binary', ':all:', $requirements[$Name])
    Invoke-Program $uv @('pip', 'install', '--quiet', '--python', $python, '--no-deps', '--no-build-isolation', '--editable', '.')
    Set-Content -NoNewline -Encoding UTF8 -LiteralPath $ready -Value $PSScriptRoot
}

function Invoke-Tfsetup([string[]] $Words) {
    $name = if (($Words -join ' ') -match 'conda') { 'conda' } else { 'env' }
    Initialize-Environment $name
    Invoke-Program (Join-Path $tool "$name\Scripts\tfsetup.exe") $Words
}

function Invoke-Check([switch] $Everything, [string[]] $Words) {
    Initialize-Environment 'dev'
    $programs = Join-Path $tool 'dev\Scripts'
    Invoke-Program "$programs\ruff.exe" @('check', '--quiet', '.')
    Invoke-Program "$programs\ruff.exe" @('format', '--check', '--quiet', '.')
    Invoke-Program "$programs\mypy.exe" @('--no-error-summary')
    Set-Location -LiteralPath 'installer'
    Invoke-Program "$programs\lint-imports.exe" @('--config', '..\pyproject.toml', '--no-cache')
    Set-Location -LiteralPath $PSScriptRoot
    $pytest = '-m', 'pytest', '-q', '-n', 'auto', '--dist', 'worksteal'
    $offline = '-m', 'not heavy', 'tests/unit', 'tests/contract', 'tests/architecture'
    Invoke-Program "$programs\python.exe" ($pytest + $offline + $Words)
    if (-not $Everything) { return }
    $real = '-m', '(e2e or heavy or network) and not exhaustive', 'tests'
    Invoke-Program "$programs\python.exe" ($pytest + $real + $Words)
}

$given = @($args | ForEach-Object { $_ -join ',' })  # a,b without quotes comes as two
$target = if ($given.Count) { $given[0] } else { 'help' }
$words = @($given | Select-Object -Skip 1)
# Variables that would send uv or Python to another environment than the one named here; then those that uv is given.
$foreign = 'VIRTUAL_ENV', 'PYTHONPATH', 'PYTHONHOME', 'UV_PYTHON', 'UV_PROJECT_ENVIRONMENT'
$before = @{}
foreach ($name in $foreign + 'UV_SYSTEM_CERTS' + 'UV_DEFAULT_INDEX') {
    $before[$name] = [Environment]::GetEnvironmentVariable($name)
}
$began = Get-Location
try {
    Set-Location -LiteralPath $PSScriptRoot
    foreach ($name in $foreign) { Remove-Item -ErrorAction SilentlyContinue -LiteralPath "Env:$name" }
    if (-not ($env:SSL_CERT_FILE -or $env:SSL_CERT_DIR -or $env:UV_SYSTEM_CERTS)) { $env:UV_SYSTEM_CERTS = '1' }
    if ($env:PIP_INDEX_URL -and -not $env:UV_DEFAULT_INDEX) { $env:UV_DEFAULT_INDEX = $env:PIP_INDEX_URL }
    switch ($target) {
        { $_ -in 'install', 'verify', 'doctor' } { Invoke-Tfsetup (@($target) + $words) }
        'lock' {
            $all = if (($words -join ' ') -match 'conda') { @() } else { @('--format', 'portable', '--python', 'all') }
            Invoke-Tfsetup (@('lock') + $all + $words)
        }
        'lock-check' { Invoke-Tfsetup (@('lock', '--check') + $words) }
        'check' { Invoke-Check -Words $words }
        'test' { Invoke-Check -Everything -Words $words }
        'clean' {
            $ours = '.tool', '.mypy_cache', '.ruff_cache', '.hypothesis', '.import_linter_cache', 'build', 'dist'
            Remove-Item -Recurse -Force -ErrorAction SilentlyContinue -LiteralPath $ours
        }
        'help' {
            Select-String -LiteralPath 'Makefile' -Pattern "^($($targets -join '|')):.*?## (.*)$" | ForEach-Object {
                '  .\make.ps1 {0,-12} {1}' -f $_.Matches[0].Groups[1].Value, $_.Matches[0].Groups[2].Value
            }
        }
        default { throw "There is no target $target. There are: $($targets -join ', ')." }
    }
} catch {
    [Console]::Error.WriteLine("error: $($_.Exception.Message)")
    exit 1
} finally {
    Set-Location -LiteralPath $began.ProviderPath
    foreach ($name in @($before.Keys)) {
        if ($null -ne $before[$name]) { Set-Item -LiteralPath "Env:$name" -Value $before[$name] }
        else { Remove-Item -ErrorAction SilentlyContinue -LiteralPath "Env:$name" }
    }
}

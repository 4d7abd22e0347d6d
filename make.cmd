@echo off
rem The two commands where scripts may not be run: make.cmd install, make.cmd test. See make.ps1.
setlocal
rem Begun from PowerShell 7 it would hand its modules to 5.1, which cannot load them.
set PSModulePath=
powershell -NoLogo -NoProfile -ExecutionPolicy Bypass -File "%~dp0make.ps1" %*
exit /b %ERRORLEVEL%
